"""Rules for sums, products and extremes over axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.ops.arith import add, maximum, minimum, mul, neg, pow, sqr, true_div
from theon.ops.cast import cast
from theon.ops.checks import Assert
from theon.ops.compare import eq
from theon.ops.dims import DimShuffle, dimshuffle
from theon.ops.dot import Dot, dot
from theon.ops.extremes import Max, MaxAndArgmax, Min
from theon.ops.fill import Alloc, alloc
from theon.ops.join import Join
from theon.ops.reduce import All, CAReduce, Prod, Sum
from theon.ops.reduce import Any as AnyOp
from theon.ops.softmax import Softmax
from theon.rewrite.match import alone, factors, is_float, made_by, number_of
from theon.rewrite.rule import Rules
from theon.tensor.constant import constant

__all__ = ["positions", "reductions", "unusual"]

reductions = Rules("canonicalize")
positions = Rules("specialize")
unusual = Rules("uncanonicalize")


def _axes(node: Apply) -> tuple[int, ...]:
    return tuple(node.op.axes_of(node.inputs[0]))  # type: ignore[attr-defined]


def _plain(node: Apply) -> bool:
    """Whether the result has the operand's dtype, a float's."""
    return is_float(node.inputs[0]) and node.inputs[0].type.dtype == node.outputs[0].type.dtype  # type: ignore[attr-defined]


def _again(node: Apply, axes: Any) -> Any:
    """The op of ``node`` over other axes."""
    op: Any = node.op
    if isinstance(op, Prod):
        return Prod(axes, op.dtype, op.acc_dtype, op.no_zeros_in_input)
    if isinstance(op, Sum):
        return Sum(axes, op.dtype, op.acc_dtype)
    return type(op)(axes)


@reductions.node(CAReduce, theano="local_useless_reduce")
def reduction_over_no_axis(node: Apply) -> Any:
    """Over no axis nothing is reduced."""
    (x,) = node.inputs
    return cast(x, node.outputs[0].type.dtype) if not _axes(node) else None  # type: ignore[attr-defined]


@reductions.node(Sum, Prod, Max, Min, All, AnyOp, theano="local_reduce_broadcastable")
def reduction_of_size_one(node: Apply) -> Any:
    """Over a dimension known to be of size 1 there is one element to take."""
    (x,) = node.inputs
    out = node.outputs[0]
    axes = _axes(node)
    flags = x.type.broadcastable  # type: ignore[attr-defined]
    drop = [d for d in axes if flags[d]]
    if not drop or x.type.dtype.startswith("complex"):  # type: ignore[attr-defined]
        return None
    kept = [d for d in range(x.type.ndim) if d not in drop]  # type: ignore[attr-defined]
    x = dimshuffle(x, kept)
    rest = tuple(kept.index(d) for d in axes if d not in drop)
    return _again(node, rest)(x) if rest else cast(x, out.type.dtype)  # type: ignore[attr-defined]


@reductions.node(Sum, Prod, Max, Min, All, AnyOp, theano="local_op_of_op", effect="rounding")
def reduction_of_reduction(node: Apply) -> Any:
    """Over some axes and then over others is over all of them."""
    (x,) = node.inputs
    inner = made_by(x, type(node.op))
    if inner is None or not alone(x):
        return None
    y = inner.inputs[0]
    if isinstance(node.op, Sum | Prod):
        # The dtypes of the two results, and those in which they are built up, must be alike.
        same = node.op.acc_dtype == inner.op.acc_dtype and x.type.dtype == node.outputs[0].type.dtype  # type: ignore[attr-defined]
        if not same or (isinstance(node.op, Prod) and node.op.no_zeros_in_input != inner.op.no_zeros_in_input):  # type: ignore[attr-defined]
            return None
    first = _axes(inner)
    left = [d for d in range(y.type.ndim) if d not in first]  # type: ignore[attr-defined]
    found = _again(inner, tuple(sorted((*first, *(left[d] for d in _axes(node))))))(y)
    return found if found.type == node.outputs[0].type else None


@reductions.node(Sum, Prod, Max, Min, All, AnyOp, theano="local_sum_prod_all_to_none")
def reduction_over_every_axis(node: Apply) -> Any:
    """All axes named one by one are all axes."""
    op: Any = node.op
    (x,) = node.inputs
    if op.axis is None or len(op.axis) != x.type.ndim or not x.type.ndim:  # type: ignore[attr-defined]
        return None
    return _again(node, None)(x)


@reductions.node(Sum, Prod, Max, Min, All, AnyOp, theano="local_reduce_join", effect="rounding")
def reduction_of_stack(node: Apply) -> Any:
    """Over the axis along which a few single rows were joined it is the op of the rows."""
    (x,) = node.inputs
    made = made_by(x, Join)
    axes = _axes(node)
    if made is None or len(axes) != 1 or not isinstance(node.op, Sum | Prod | Max | Min):
        return None
    along = number_of(made.inputs[0])
    rows = made.inputs[1:]
    if along is None or int(along) % x.type.ndim != axes[0] or len(rows) > 8:  # type: ignore[attr-defined]
        return None
    if not all(r.type.broadcastable[axes[0]] for r in rows) or x.type.dtype != node.outputs[0].type.dtype:  # type: ignore[attr-defined]
        return None
    flags = {r.type.broadcastable for r in rows}  # type: ignore[attr-defined]
    from theon.rewrite.match import same_shape

    if len(flags) != 1 or not all(same_shape(rows[0], r) for r in rows[1:]):
        return None
    kept = [d for d in range(x.type.ndim) if d != axes[0]]  # type: ignore[attr-defined]
    op = {Sum: add, Prod: mul, Max: maximum, Min: minimum}[type(node.op)]  # type: ignore[index]
    parts = [dimshuffle(r, kept) for r in rows]
    total = parts[0]
    if op in (add, mul):
        return op(*parts)
    for p in parts[1:]:
        total = op(total, p)
    return total


@reductions.node(Sum, theano="local_sum_prod_mul_by_scalar", effect="domain")
def sum_of_scaled(node: Apply) -> Any:
    """sum(c x) is c sum(x), for a number c; sum(-x) is -sum(x). (Of nothing and an infinite c that is NaN.)"""
    (x,) = node.inputs
    if not _plain(node) or not alone(x):
        return None
    inner = made_by(x, "neg")
    if inner is not None:
        return neg(node.op(inner.inputs[0]))
    if made_by(x, "mul") is None:
        return None
    above, below, negative = factors(x)
    if below:
        return None
    scalars = [v for v in above if all(v.type.broadcastable)]  # type: ignore[attr-defined]
    rest: list[Any] = [v for v in above if not all(v.type.broadcastable)]  # type: ignore[attr-defined]
    if not (scalars or negative) or not rest:
        return None
    whole = rest[0] if len(rest) == 1 else mul(*rest)
    out = node.outputs[0]
    if whole.type != x.type:
        return None
    total = node.op(whole)
    if scalars:
        total = mul(*(dimshuffle(v, ["x"] * out.type.ndim) for v in map(_number, scalars)), total)  # type: ignore[attr-defined]
    return neg(total) if negative else total


@reductions.node(Prod, theano="local_sum_prod_mul_by_scalar", effect="rounding")
def product_of_scaled(node: Apply) -> Any:
    """The product of all c x is c to the power of their number times the product of all x."""
    (x,) = node.inputs
    inner = made_by(x, "mul")
    if inner is None or not _plain(node) or not alone(x):
        return None
    scalars = [v for v in inner.inputs if all(v.type.broadcastable)]  # type: ignore[attr-defined]
    rest: list[Any] = [v for v in inner.inputs if not all(v.type.broadcastable)]  # type: ignore[attr-defined]
    if not scalars or not rest or any(v.type.dtype != x.type.dtype for v in scalars):  # type: ignore[attr-defined]
        return None
    from theon.ops.shape import shape_i

    whole = rest[0] if len(rest) == 1 else mul(*rest)
    if whole.type != x.type:
        return None
    out = node.outputs[0]
    count: Any = constant(np.asarray(1, "int64"))
    for d in _axes(node):
        count = mul(count, shape_i(whole, d))
    number = _number(scalars[0]) if len(scalars) == 1 else mul(*map(_number, scalars))
    power = cast(pow(number, count), out.type.dtype)  # type: ignore[attr-defined]
    return mul(dimshuffle(power, ["x"] * out.type.ndim), node.op(whole))  # type: ignore[attr-defined]


def _number(v: Variable) -> Any:
    return dimshuffle(v, [])


@reductions.node(Sum, theano="local_sum_prod_div_dimshuffle", effect="domain")
def sum_of_quotients(node: Apply) -> Any:
    """sum(x / y) is sum(x) / y where y does not vary along the axes."""
    (x,) = node.inputs
    inner = made_by(x, "true_div")
    if inner is None or not _plain(node) or not alone(x):
        return None
    above, below = inner.inputs
    axes = _axes(node)
    flags = below.type.broadcastable  # type: ignore[attr-defined]
    if not all(flags[d] for d in axes) or above.type != x.type:
        return None
    kept = [d for d in range(x.type.ndim) if d not in axes]  # type: ignore[attr-defined]
    found = true_div(node.op(above), dimshuffle(below, kept))
    return found if found.type == node.outputs[0].type else None


@reductions.node(Sum, Prod, Max, Min, theano="local_opt_alloc", effect="domain")
def reduction_of_alloc(node: Apply) -> Any:
    """The sum of one number is that number times how many there are, the product its power, the maximum itself."""
    (x,) = node.inputs
    made = made_by(x, Alloc)
    if made is None or not all(made.inputs[0].type.broadcastable):  # type: ignore[attr-defined]
        return None
    value, *sizes = made.inputs
    value = _number(value)
    out = node.outputs[0]
    axes = _axes(node)
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if isinstance(node.op, Max | Min) or not is_float(out) or x.type.dtype != dtype:  # type: ignore[attr-defined]
        return None  # of nothing there is no maximum; integers wrap
    count: Any = constant(np.asarray(1, "int64"))
    for d in axes:
        count = mul(count, sizes[d])
    total = mul(value, cast(count, dtype)) if isinstance(node.op, Sum) else pow(value, cast(count, dtype))
    left = [n for d, n in enumerate(sizes) if d not in axes]
    return alloc(cast(total, dtype), *left) if left else cast(total, dtype)


@reductions.node(Sum, theano="local_sumsqr2dot", effect="rounding")
def sum_of_squared_outer(node: Apply) -> Any:
    """The sum over (1, 2) of (W[None] G[:, None])² is G² times the sums of W²'s columns."""
    (x,) = node.inputs
    square = made_by(x, "sqr")
    product = None if square is None else made_by(square.inputs[0], "mul")
    if product is None or len(product.inputs) != 2 or not _plain(node) or _axes(node) not in ((1, 2), (0, 1)):
        return None
    for a, b in (product.inputs, product.inputs[::-1]):
        w, g = made_by(a, DimShuffle), made_by(b, DimShuffle)
        if w is None or g is None or w.op.new_order != ("x", 0, 1) or g.op.new_order != (0, "x", 1):  # type: ignore[attr-defined]
            continue
        if _axes(node) != (1, 2):
            continue
        W, G = w.inputs[0], g.inputs[0]
        if any(W.type.broadcastable) or any(G.type.broadcastable):  # type: ignore[attr-defined]
            continue
        found = dot(sqr(G), Sum((0,))(sqr(W)))
        return found if found.type == node.outputs[0].type else None
    return None


# --- extremes and their places ----------------------------------------------------------------------------------------


@unusual.node(MaxAndArgmax, theano="local_max_and_argmax", graph=True)
def maximum_without_its_place(node: Apply, fgraph: FunctionGraph) -> Any:
    """Where nobody asks for the place of the maximum, the maximum is enough."""
    if fgraph.clients(node.outputs[1]) or node.inputs[0].type.dtype.startswith("complex"):  # type: ignore[attr-defined]
        return None  # of complex numbers there is the pair alone
    return [Max(node.op.axis)(node.inputs[0]), None]  # type: ignore[attr-defined]


@unusual.node("neg", theano="local_max_to_min")
def negative_of_maximum_of_negative(node: Apply) -> Any:
    """-max(-x) is min(x), and the reverse."""
    inner = made_by(node.inputs[0], Max) or made_by(node.inputs[0], Min)
    below = None if inner is None else made_by(inner.inputs[0], "neg")
    if inner is None or below is None or not node.inputs[0].type.dtype.startswith(("float", "int")):  # type: ignore[attr-defined]
        return None
    if not is_float(node.inputs[0]):
        return None  # the smallest integer is its own negative
    return (Min if isinstance(inner.op, Max) else Max)(inner.op.axis)(below.inputs[0])  # type: ignore[attr-defined]


_INCREASING = ("sigmoid", "tanh", "exp", "softplus")


@positions.node(MaxAndArgmax, theano="local_argmax_pushdown", graph=True, effect="rounding")
def place_of_maximum_of_softmax(node: Apply, fgraph: FunctionGraph) -> Any:
    """Softmax and functions that increase keep order: the largest stands where their argument's does."""
    if fgraph.clients(node.outputs[0]):
        return None
    (x,) = node.inputs
    axis = tuple(node.op.axis)  # type: ignore[attr-defined]
    inner = x
    while True:
        kept = made_by(inner, Softmax) if axis == (1,) else None
        kept = kept or next(filter(None, (made_by(inner, name) for name in _INCREASING)), None)
        if kept is None or not is_float(kept.inputs[0]):
            break
        inner = kept.inputs[0]
    if inner is x:
        return None
    return [None, MaxAndArgmax(node.op.axis)(inner, return_list=True)[1]]  # type: ignore[attr-defined]


# --- products ---------------------------------------------------------------------------------------------------------


@reductions.node(Dot, theano="local_0_dot_x", effect="domain")
def product_of_zeros(node: Apply) -> Any:
    """A matrix product with zeros is zeros, also for infinite elements."""
    from theon.ops.shape import shape_i

    x, y = node.inputs
    out = node.outputs[0]
    if number_of(x) != 0 and number_of(y) != 0:
        return None
    sizes = [shape_i(x, 0)] if x.type.ndim == 2 else []  # type: ignore[attr-defined]
    sizes += [shape_i(y, 1)] if y.type.ndim == 2 else []  # type: ignore[attr-defined]
    zero = constant(np.zeros((), out.type.dtype))  # type: ignore[attr-defined]
    found = alloc(zero, *sizes) if sizes else zero
    inner = x.type.shape[-1], y.type.shape[0]  # type: ignore[attr-defined]
    if None not in inner and inner[0] == inner[1]:
        return found
    same = eq(shape_i(x, x.type.ndim - 1), shape_i(y, 0))  # type: ignore[attr-defined]
    return Assert("dot: the inner sizes differ")(found, same)


@reductions.node(DimShuffle, theano="local_lift_transpose_through_dot")
def transpose_of_product(node: Apply) -> Any:
    """(x y)' is y' x'."""
    (x,) = node.inputs
    inner = made_by(x, Dot)
    if inner is None or node.op.new_order != (1, 0) or not alone(x):  # type: ignore[attr-defined]
        return None
    a, b = inner.inputs
    if a.type.ndim != 2 or b.type.ndim != 2:  # type: ignore[attr-defined]
        return None
    return dot(dimshuffle(b, [1, 0]), dimshuffle(a, [1, 0]))
