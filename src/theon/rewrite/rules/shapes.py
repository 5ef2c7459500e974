"""Rules for sizes and for changes of shape: a function that asks for shapes only does not compute the values."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import add, int_div, maximum, minimum, mul, sub, switch
from theon.ops.cast import cast
from theon.ops.compare import eq, lt
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, dimshuffle, patternbroadcast
from theon.ops.fill import alloc
from theon.ops.join import MakeVector
from theon.ops.reduce import SumLike
from theon.ops.regions import Subtensor
from theon.ops.reshape import Reshape, reshape
from theon.ops.shape import Shape, Shape_i, shape, shape_i
from theon.ops.slices import get_canonical_form_slice
from theon.rewrite.match import alone, is_number, is_size_of, made_by, number_of, same_dimension
from theon.rewrite.rule import Rules
from theon.tensor.constant import as_tensor_variable, constant

__all__ = ["broadcast_size", "shapes"]

shapes = Rules("canonicalize")


def _int(n: int) -> Any:
    return constant(np.asarray(n, "int64"))


# --- sizes ------------------------------------------------------------------------------------------------------------


@shapes.node(Shape, theano="local_shape_to_shape_i", graph=True)
def shape_by_dimensions(node: Apply, fgraph: FunctionGraph) -> Any:
    """A shape is the vector of its sizes; that of a vector, where the vector itself is not needed then."""
    (x,) = node.inputs
    if not hasattr(x.type, "shape"):  # a sparse matrix, whose sizes are elements of its shape
        if getattr(x.type, "ndim", None) is None or x.owner is None or not _only_sizes(fgraph, x):
            return None
        sizes = [size_of(x, d) for d in range(x.type.ndim)]
        return None if any(n is None for n in sizes) else MakeVector("int64")(*sizes)
    if x.type.ndim == 1 and (x.owner is None or not _only_sizes(fgraph, x) or size_of(x, 0) is None):
        return None
    found = MakeVector("int64")(*(shape_i(x, d) for d in range(x.type.ndim)))
    return patternbroadcast(found, node.outputs[0].type.broadcastable)  # type: ignore[attr-defined]


def _index(node: Apply) -> int | None:
    """The constant of ``v[constant]`` for a vector v."""
    entries = node.op.idx_list  # type: ignore[attr-defined]
    if len(entries) != 1 or isinstance(entries[0], slice) or len(node.inputs) != 2:
        return None
    number = node.inputs[1]
    return int(number.data) if isinstance(number, Constant) else None


@shapes.node(Subtensor, theano=("local_shape_to_shape_i", "local_subtensor_make_vector"))
def element_of_shape(node: Apply) -> Any:
    """One element of a shape is a size, one of a vector of scalars that scalar."""
    made = node.inputs[0].owner
    if made is None or not isinstance(made.op, Shape | MakeVector):
        return None
    place = _index(node)
    if place is not None:
        if isinstance(made.op, Shape):
            (x,) = made.inputs
            if not hasattr(x.type, "shape"):
                return None
            n = x.type.ndim  # type: ignore[attr-defined]
            return shape_i(x, place % n) if -n <= place < n else None
        n = len(made.inputs)
        return made.inputs[place % n] if -n <= place < n else None
    if isinstance(made.op, MakeVector):
        entries = node.op.idx_list  # type: ignore[attr-defined]
        if len(entries) != 1 or not isinstance(entries[0], slice):
            return None
        values = [v.data if isinstance(v, Constant) else None for v in node.inputs[1:]]
        if any(v is None for v in values):
            return None
        rest = iter(values)
        e = entries[0]
        part = slice(*(None if p is None else int(next(rest)) for p in (e.start, e.stop, e.step)))
        found = made.op(*made.inputs[part]) if part.step != 0 else None
        return found if found is not None and found.type == node.outputs[0].type else None
    return None


def broadcast_size(operands: list[Variable], d: int) -> Any:
    """The size along ``d`` of what comes of broadcasting operands of one rank: 1 gives way, also where it is 1 only at run time."""
    whole: list[Variable] = []
    for v in operands:
        if not v.type.broadcastable[d] and not any(same_dimension(v, w, d) for w in whole):  # type: ignore[attr-defined]
            whole.append(v)
    if not whole:
        return _int(1)
    known = [v.type.shape[d] for v in whole if v.type.shape[d] is not None]  # type: ignore[attr-defined]
    if known:
        return _int(known[0])
    size = shape_i(whole[0], d)
    for v in whole[1:]:
        size = switch(eq(size, 1), shape_i(v, d), size)
    return size


def _sliced(n: Any, e: slice, values: Any) -> Any:
    """The length of a slice of ``n`` elements."""
    start, stop, step = (None if p is None else next(values) for p in (e.start, e.stop, e.step))
    if step is not None and not is_number(step, 1):
        if start is None and stop is None and is_number(step, -1):
            return n
        given = (p if p is None or isinstance(p, Constant) else cast(p, "int64") for p in (start, stop, step))
        found, _ = get_canonical_form_slice(slice(*given), n)
        return maximum(int_div(found.stop - found.start + found.step - 1, found.step), 0)

    def bounded(v: Any) -> Any:
        number = number_of(v)
        v = cast(v, "int64")
        if number is None:
            v = switch(lt(v, 0), add(v, n), v)
            return minimum(maximum(v, 0), n)
        return minimum(_int(int(number)), n) if number >= 0 else maximum(add(n, _int(int(number))), 0)

    last = n if stop is None else bounded(stop)
    if start is None or is_number(start, 0):
        return last
    return maximum(sub(last, bounded(start)), 0)


def _reshaped(node: Apply, d: int) -> Any:
    x, sizes = node.inputs
    made = sizes.owner
    n = node.op.ndim  # type: ignore[attr-defined]
    if isinstance(sizes, Constant):
        parts: list[Any] = [_int(int(s)) for s in sizes.data]
    elif made is not None and isinstance(made.op, MakeVector):
        parts = [cast(v, "int64") for v in made.inputs]
    else:
        return None
    if len(parts) != n:
        return None
    size = parts[d]
    number = number_of(size)
    if number is not None and number >= 0:
        return size
    if number is None and made_by(size, Shape_i) is not None:
        return size
    total: Any = _int(1)
    for k in range(x.type.ndim):  # type: ignore[attr-defined]
        total = mul(total, shape_i(x, k))
    others: Any = _int(1)
    for k, v in enumerate(parts):
        if k != d:
            others = mul(others, v)
    rest = int_div(total, others)
    return rest if number is not None else switch(lt(size, 0), rest, size)


def _sizes(x: Any) -> tuple[Any, ...]:
    if hasattr(x.type, "shape"):
        return tuple(shape_i(x, d) for d in range(x.type.ndim))
    whole = shape(x)
    return tuple(whole[d] for d in range(x.type.ndim))


def size_of(v: Variable, d: int) -> Any:
    """The size of a computed variable along ``d``, from the sizes of what it is computed from; None where its op does not say."""
    node = v.owner
    if node is None:
        return None
    op: Any = node.op
    if isinstance(op, Elemwise):
        return broadcast_size(node.inputs, d)
    if isinstance(op, Reshape):
        return _reshaped(node, d)
    if isinstance(op, Subtensor):
        rest = iter(node.inputs[1:])
        out = -1
        for place in range(node.inputs[0].type.ndim):  # type: ignore[attr-defined]
            e = op.idx_list[place] if place < len(op.idx_list) else slice(None)
            if not isinstance(e, slice):
                next(rest)
                continue
            out += 1
            if out == d:
                return _sliced(shape_i(node.inputs[0], place), e, rest)
            for p in (e.start, e.stop, e.step):
                if p is not None:
                    next(rest)
        return None
    infer = getattr(op, "infer_shape", None)
    if infer is None or not all(hasattr(x.type, "ndim") for x in node.inputs):
        return None
    try:
        found = infer(node, [_sizes(x) for x in node.inputs])
        size = found[v.index][d]
    except Exception:  # an op of a user's that cannot say is asked when the function runs
        return None
    return cast(as_tensor_variable(size), "int64")


def _only_sizes(fgraph: FunctionGraph, v: Variable) -> bool:
    """Whether nothing but shapes is read of the node that computes ``v``."""
    for output in v.owner.outputs:  # type: ignore[union-attr]
        for reader, place in fgraph.clients(output):
            if reader == "output":
                return False
            op = reader.op
            if isinstance(op, Shape | Shape_i) or (isinstance(op, SumLike) and place == 1):
                continue
            if isinstance(op, Elemwise) and op.scalar_op.kind == "second" and place == 0:
                continue
            return False
    return True


@shapes.node(Shape_i, theano=("local_track_shape_i", "ShapeOptimizer"), graph=True)
def size_of_computed(node: Apply, fgraph: FunctionGraph) -> Any:
    """The size of a value that nobody else wants comes from the sizes of what it would be computed from."""
    (v,) = node.inputs
    d = node.op.i  # type: ignore[attr-defined]
    if not hasattr(v.type, "shape"):
        return None
    if v.type.shape[d] is not None:
        return _int(v.type.shape[d])
    if v.owner is None or not _only_sizes(fgraph, v):
        return None
    size = size_of(v, d)
    if size is None or (made_by(size, Shape_i) is not None and size.owner.inputs[0] is v):
        return None
    return size


@shapes.node("second", theano="local_fill_to_alloc", graph=True)
def fill_like_unwanted(node: Apply, fgraph: FunctionGraph) -> Any:
    """A number spread to the shape of a value that nobody wants, as in the gradient of a sum, needs only its sizes."""
    x, y = node.inputs
    if x.owner is None or isinstance(x.owner.op, Elemwise) or not all(y.type.broadcastable):  # type: ignore[attr-defined]
        return None
    if not _only_sizes(fgraph, x):
        return None
    known = x.type.shape  # type: ignore[attr-defined]
    sizes = [size_of(x, d) if n is None else _int(n) for d, n in enumerate(known)]
    if any(n is None or (made_by(n, Shape_i) is not None and n.owner.inputs[0] is x) for n in sizes):
        return None
    found = alloc(dimshuffle(y, []), *sizes)
    return found if found.type == node.outputs[0].type else None


# --- reshapes ---------------------------------------------------------------------------------------------------------


@shapes.node(Reshape, theano="local_reshape_chain")
def reshape_of_reshape(node: Apply) -> Any:
    """Two in a row are the second."""
    x, sizes = node.inputs
    inner = made_by(x, Reshape)
    if inner is None:
        return None
    found = node.op(inner.inputs[0], sizes)
    return found if found.type == node.outputs[0].type else None


@shapes.node(Reshape, theano="local_useless_reshape")
def reshape_to_the_same_shape(node: Apply) -> Any:
    """To the shape that it has: every size is the array's own, but for one that may be -1 or unknown."""
    x, sizes = node.inputs
    out = node.outputs[0]
    if x.type != out.type:
        return None
    n = x.type.ndim  # type: ignore[attr-defined]
    if n == 0:
        return x
    made = sizes.owner
    if made is not None and isinstance(made.op, Shape):
        return x if made.inputs[0] is x else None
    if isinstance(sizes, Constant):
        parts: list[Any] = [_int(int(s)) for s in sizes.data]
    elif made is not None and isinstance(made.op, MakeVector):
        parts = list(made.inputs)
    else:
        return None
    if len(parts) != n:
        return None
    free = 0
    for d, size in enumerate(parts):
        if is_size_of(size, x, d) or (is_number(size, 1) and x.type.broadcastable[d]):  # type: ignore[attr-defined]
            continue
        if not is_number(size, -1):
            return None
        free += 1
    return x if free <= 1 else None


@shapes.node(Reshape, theano=("local_useless_dimshuffle_in_reshape", "local_reshape_dimshuffle"))
def reshape_of_padded(node: Apply) -> Any:
    """Dimensions of size 1 that were put in or left out do not matter to a reshape."""
    x, sizes = node.inputs
    inner = made_by(x, DimShuffle)
    if inner is None:
        return None
    kept = [d for d in inner.op.new_order if d != "x"]  # type: ignore[attr-defined]
    flags = inner.inputs[0].type.broadcastable  # type: ignore[attr-defined]
    moved = [d for d in kept if not flags[d]]
    if moved != sorted(moved):
        return None
    found = node.op(inner.inputs[0], sizes)
    return found if found.type == node.outputs[0].type else None


@shapes.node(Reshape, theano="local_reshape_to_dimshuffle")
def reshape_with_sizes_one(node: Apply) -> Any:
    """Sizes 1 are put in after a reshape to the others."""
    x, sizes = node.inputs
    made = sizes.owner
    if isinstance(sizes, Constant):
        parts: list[Any] = [_int(int(s)) for s in sizes.data]
    elif made is not None and isinstance(made.op, MakeVector):
        parts = list(made.inputs)
    else:
        return None
    ones = [is_number(v, 1) for v in parts]
    if not any(ones) or len(parts) != node.op.ndim:  # type: ignore[attr-defined]
        return None
    left = [v for v, one in zip(parts, ones) if not one]
    order: list[Any] = []
    for one in ones:
        order.append("x" if one else len([d for d in order if d != "x"]))
    flags = x.type.broadcastable  # type: ignore[attr-defined]
    whole = [d for d, flag in enumerate(flags) if not flag]
    if not left:
        # All sizes are 1: where all dimensions are known to be, none has to be checked.
        return dimshuffle(x, order) if not whole else None
    if len(left) == 1 and len(whole) == 1 and (is_number(left[0], -1) or is_size_of(left[0], x, whole[0])):
        return dimshuffle(dimshuffle(x, whole), order)
    from theon.ops.join import stack_sizes

    found = dimshuffle(reshape(x, stack_sizes(left), ndim=len(left)), order)
    return found if found.type == node.outputs[0].type else None


@shapes.node(Reshape, theano=("local_reshape_lift", "local_flatten_lift"))
def reshape_of_unary(node: Apply) -> Any:
    """A function of one operand can be applied after the reshape, and then together with other functions."""
    x, sizes = node.inputs
    inner = x.owner
    if inner is None or not isinstance(inner.op, Elemwise) or len(inner.inputs) != 1 or not alone(x):
        return None
    return inner.op(node.op(inner.inputs[0], sizes))


# --- dimshuffles ------------------------------------------------------------------------------------------------------


@shapes.node(DimShuffle, theano="local_dimshuffle_lift")
def dimshuffle_of_elementwise(node: Apply) -> Any:
    """Reordering the result of an op on reordered operands: the operands are reordered once."""
    (x,) = node.inputs
    inner = x.owner
    if inner is None or not isinstance(inner.op, Elemwise) or not alone(x) or not inner.inputs:
        return None
    if inner.op.scalar_op.kind == "second" or not all(
        isinstance(v.owner.op, DimShuffle) if v.owner is not None else isinstance(v, Constant) and v.data.size == 1
        for v in inner.inputs
    ):
        return None
    op: Any = node.op
    if any(not v.type.broadcastable[d] for v in inner.inputs for d in op.drop):  # type: ignore[attr-defined]
        return None
    if all(v.owner is None for v in inner.inputs):
        return None
    found = inner.op(*(dimshuffle(v, op.new_order) for v in inner.inputs))
    return found if found.type == node.outputs[0].type else None


@shapes.node(DimShuffle, theano="local_dimshuffle_subtensor")
def dimshuffle_of_part_of_padded(node: Apply) -> Any:
    """Dropping the dimension of size 1 that a slice of a dropped one left: the dimension is dropped first."""
    (x,) = node.inputs
    part = made_by(x, Subtensor)
    inner = None if part is None else made_by(part.inputs[0], DimShuffle)
    if part is None or inner is None or not alone(x) or not node.op.drop:  # type: ignore[attr-defined]
        return None
    entries = part.op.idx_list  # type: ignore[attr-defined]
    # Only whole slices may stand where a dimension was put in, and only such dimensions are dropped again.
    if len(entries) > len(inner.op.new_order) or any(not isinstance(e, slice) for e in entries):  # type: ignore[attr-defined]
        return None
    added = [d for d, what in enumerate(inner.op.new_order) if what == "x"]  # type: ignore[attr-defined]
    if any(d not in added for d in node.op.drop):  # type: ignore[attr-defined]
        return None
    whole = slice(None, None, None)
    if any(d < len(entries) and entries[d] != whole for d in node.op.drop):  # type: ignore[attr-defined]
        return None
    kept = [d for d in range(x.type.ndim) if d not in node.op.drop]  # type: ignore[attr-defined]
    y = dimshuffle(part.inputs[0], kept)
    smaller = Subtensor([entries[d] for d in kept if d < len(entries)])(y, *part.inputs[1:])
    order = ["x" if d == "x" else kept.index(d) for d in node.op.new_order]  # type: ignore[attr-defined]
    found = dimshuffle(smaller, order)
    return found if found.type == node.outputs[0].type else None
