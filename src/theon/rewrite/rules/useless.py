"""Rules that remove copies, casts, fills, choices and comparisons whose result is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.graph.variable import Apply, Variable
from theon.ops.arith import CASTS, second
from theon.ops.cast import ScalarFromTensor, TensorFromScalar, cast
from theon.ops.checks import Assert
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast, dimshuffle, padded
from theon.ops.fill import Alloc, AllocEmpty, alloc
from theon.ops.shape import Shape_i
from theon.rewrite.match import (
    alone,
    is_number,
    is_size_of,
    made_by,
    number_of,
    same_shape,
    same_size,
    shape_source,
    spread_like,
)
from theon.rewrite.rule import Rules
from theon.tensor.constant import constant

__all__ = ["useless"]

useless = Rules("canonicalize")
_CASTS = tuple(f"Cast{{{dtype}}}" for dtype in CASTS)
_COMPARISONS = ("lt", "gt", "le", "ge", "eq", "neq")


def _name(node: Apply) -> str:
    return node.op.scalar_op.kind  # type: ignore[attr-defined, no-any-return]


# --- copies and casts -------------------------------------------------------------------------------------------------


@useless.node("identity", "add", "mul", "and_", "or_", "xor", theano="local_useless_elemwise")
def of_one_operand(node: Apply) -> Any:
    """A copy, or the sum or product of one thing, is that thing."""
    return node.inputs[0] if len(node.inputs) == 1 else None


@useless.node("maximum", "minimum", "and_", "or_", theano="local_useless_elemwise")
def of_twice_the_same(node: Apply) -> Any:
    """The larger, the smaller, and, or of a thing and itself is that thing."""
    x, *rest = node.inputs
    return x if len(rest) == 1 and rest[0] is x else None


@useless.node("xor", theano="local_useless_elemwise_comparison")
def exclusive_or_with_itself(node: Apply) -> Any:
    """x xor x is 0."""
    x, *rest = node.inputs
    out = node.outputs[0]
    if len(rest) != 1 or rest[0] is not x:
        return None
    return spread_like(constant(np.zeros((), out.type.dtype)), out, [x])  # type: ignore[attr-defined]


@useless.node("and_", "or_", theano="local_useless_elemwise")
def logic_with_a_constant(node: Apply) -> Any:
    """x and 0 is 0, x or 0 is x; of bools, x and True is x, x or True is True."""
    out = node.outputs[0]
    if len(node.inputs) != 2:
        return None
    for known, x in (node.inputs, node.inputs[::-1]):
        number = number_of(known)
        if number is None:
            continue
        if out.type.dtype == "bool":  # type: ignore[attr-defined]
            kept = bool(number) == (_name(node) == "and_")
        elif number == 0:
            kept = _name(node) == "or_"
        else:
            continue
        return spread_like(x if kept else known, out, [known if kept else x])
    return None


def _holds(big: str, small: str) -> bool:
    """Whether every value of dtype ``small`` is one of ``big``."""
    if small in ("int64", "uint64") and big not in discrete_dtypes:
        return False
    return bool(np.can_cast(small, big, "safe"))


@useless.node(*_CASTS, theano="local_cast_cast")
def cast_of_cast(node: Apply) -> Any:
    """A cast to what a thing is, or through a dtype that holds all its values, is no cast or one."""
    (x,) = node.inputs
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    if x.type.dtype == dtype:  # type: ignore[attr-defined]
        return x
    inner = x.owner
    if inner is None or not isinstance(inner.op, Elemwise) or _name(inner) not in _CASTS:
        return None
    y = inner.inputs[0]
    given, between = y.type.dtype, x.type.dtype  # type: ignore[attr-defined]
    if not _holds(between, given):
        return None
    if (
        given in discrete_dtypes
        and between not in discrete_dtypes
        and dtype in discrete_dtypes
        and not _holds(dtype, given)
    ):
        return None  # from floats integers do not wrap as from integers
    return cast(y, dtype)


@useless.node(ScalarFromTensor, theano="local_scalar_tensor_scalar")
def scalar_of_tensor_of_scalar(node: Apply) -> Any:
    """There and back is nothing."""
    inner = made_by(node.inputs[0], TensorFromScalar)
    return None if inner is None else inner.inputs[0]


@useless.node(TensorFromScalar, theano="local_tensor_scalar_tensor")
def tensor_of_scalar_of_tensor(node: Apply) -> Any:
    """There and back is nothing."""
    inner = made_by(node.inputs[0], ScalarFromTensor)
    return None if inner is None else inner.inputs[0]


@useless.node(
    "add", "sub", "mul", "true_div", "int_div", "mod", "pow", "maximum", "minimum", "clip", "arctan2",
    theano="local_upcast_elemwise_constant_inputs",
)  # fmt: skip
def constant_operand_of_result_dtype(node: Apply) -> Any:
    """A constant that is cast for each element is cast once."""
    op: Any = node.op
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    if len(node.inputs) < 2 or not op.scalar_op.cast_inputs or dtype == "bool" or op.inplace_pattern:
        return None
    new: list[Any] = list(node.inputs)
    for place, v in enumerate(node.inputs):
        data = getattr(v, "data", None)
        if data is not None and isinstance(data, np.ndarray) and data.dtype != dtype and data.size <= 10_000:
            if data.dtype.kind == "c" and not dtype.startswith("complex"):
                return None
            new[place] = constant(data.astype(dtype))
    if all(a is b for a, b in zip(new, node.inputs)):
        return None
    return op(*new)


# --- fills and allocs -------------------------------------------------------------------------------------------------


@useless.node("second", theano="local_useless_fill")
def fill_of_the_same_shape(node: Apply) -> Any:
    """A value spread to a shape that it has is the value."""
    x, y = node.inputs
    return y if spread_like(y, node.outputs[0], [x]) is y else None


@useless.node("second", theano="local_fill_sink")
def fill_of_fill(node: Apply) -> Any:
    """A number spread twice to one shape is spread once."""
    x, y = node.inputs
    inner = made_by(y, "second")
    if inner is not None and same_shape(x, y) and all(inner.inputs[1].type.broadcastable):  # type: ignore[attr-defined]
        return second(x, inner.inputs[1])
    return None


@useless.node("second", theano="local_fill_sink")
def fill_to_the_shape_of_an_operand(node: Apply) -> Any:
    """Only the shape of the first operand is read, and that is the shape of what it is made of."""
    x, y = node.inputs
    source = shape_source(x)
    if source is x or source.type.broadcastable != x.type.broadcastable:  # type: ignore[attr-defined]
        return None
    return second(source, y)


@useless.node(Alloc, theano=("local_useless_alloc", "local_canonicalize_alloc"))
def alloc_of_the_same_shape(node: Apply) -> Any:
    """A value spread to the sizes that it has is the value."""
    value, *sizes = node.inputs
    out = node.outputs[0]
    if value.type != out.type:
        return None
    flags = out.type.broadcastable  # type: ignore[attr-defined]
    return value if all(flag or is_size_of(s, value, d) for d, (s, flag) in enumerate(zip(sizes, flags))) else None


@useless.node(Alloc, theano="local_merge_alloc")
def alloc_of_alloc(node: Apply) -> Any:
    """A value spread to a shape and then to a larger one is spread once, where no size has to be checked."""
    value, *sizes = node.inputs
    inner = made_by(value, Alloc)
    if inner is None:
        return None
    first, *given = inner.inputs
    for n, m in zip(reversed(given), reversed(sizes)):
        if not is_number(n, 1) and not same_size(n, m):
            return None
    return alloc(first, *sizes)


@useless.node(Alloc, theano="local_alloc_dimshuffle")
def alloc_of_padded(node: Apply) -> Any:
    """Dimensions of size 1 on the left are added by spreading too."""
    value, *sizes = node.inputs
    inner = made_by(value, DimShuffle)
    if inner is None:
        return None
    x = inner.inputs[0]
    order = ["x"] * (value.type.ndim - x.type.ndim) + list(range(x.type.ndim))  # type: ignore[attr-defined]
    return alloc(x, *sizes) if list(inner.op.new_order) == order else None  # type: ignore[attr-defined]


@useless.node(DimShuffle, theano="local_dimshuffle_alloc")
def dimshuffle_of_alloc(node: Apply) -> Any:
    """A spread number with its dimensions reordered is a number spread to the reordered sizes."""
    made = made_by(node.inputs[0], Alloc)
    if made is None or not all(made.inputs[0].type.broadcastable):  # type: ignore[attr-defined]
        return None
    value, *sizes = made.inputs
    order = node.op.new_order  # type: ignore[attr-defined]
    value = dimshuffle(value, [])
    return alloc(value, *(1 if d == "x" else sizes[d] for d in order))


@useless.node(Elemwise, theano="local_alloc_unary")
def unary_of_alloc(node: Apply) -> Any:
    """A function of a spread number is the spread function of the number."""
    if len(node.inputs) != 1 or _name(node) == "second":
        return None
    made = made_by(node.inputs[0], Alloc)
    if made is None or made.inputs[0].type == node.inputs[0].type:
        return None
    return alloc(node.op(made.inputs[0]), *made.inputs[1:])


@useless.node(Elemwise, theano=("local_elemwise_alloc", "local_fill_sink"))
def operand_spread_for_nothing(node: Apply) -> Any:
    """An operand spread to the shape of another need not be: the op spreads it."""
    if len(node.inputs) < 2 or _name(node) == "second":
        return None
    new = list(node.inputs)
    for place, v in enumerate(node.inputs):
        made = v.owner
        if made is None:
            continue
        if isinstance(made.op, Alloc):
            inner = made.inputs[0]
        elif isinstance(made.op, Elemwise) and _name(made) == "second":
            inner = made.inputs[1]
        else:
            continue
        if not all(inner.type.broadcastable):
            continue
        if any(w is not v and new[i] is w and same_shape(v, w) for i, w in enumerate(node.inputs)):
            new[place] = padded(inner, v.type.ndim)  # type: ignore[attr-defined]
    if all(a is b for a, b in zip(new, node.inputs)):
        return None
    return node.op(*new)


@useless.node("second", theano="local_fill_to_alloc", usual=False)
def fill_to_alloc(node: Apply) -> Any:
    """A number spread to the shape of an array is an alloc of its sizes."""
    from theon.ops.shape import shape_i

    x, y = node.inputs
    if not all(y.type.broadcastable) or not x.type.ndim:  # type: ignore[attr-defined]
        return None
    return alloc(dimshuffle(y, []), *(shape_i(x, d) for d in range(x.type.ndim)))  # type: ignore[attr-defined]


@useless.node(AllocEmpty, theano="local_alloc_empty_to_zeros", usual=False, tags=("alloc_empty_to_zeros",))
def empty_to_zeros(node: Apply) -> Any:
    """Arbitrary elements may be zeros."""
    return alloc(constant(np.zeros((), node.op.dtype)), *node.inputs)  # type: ignore[attr-defined]


# --- choices ----------------------------------------------------------------------------------------------------------


@useless.node("switch", theano="local_useless_switch")
def switch_of_known_condition(node: Apply) -> Any:
    """The branch that is always chosen, in the shape of all three."""
    condition, x, y = node.inputs
    known = number_of(condition)
    if known is None:
        return None
    chosen, other = (x, y) if bool(known) else (y, x)
    return spread_like(chosen, node.outputs[0], [other, condition])


@useless.node("switch", theano="local_useless_switch")
def switch_between_equals(node: Apply) -> Any:
    """Whatever the condition, the same."""
    condition, x, y = node.inputs
    if x is not y:
        a, b = number_of(x), number_of(y)
        if a is None or b is None or a != b or x.type != y.type:
            return None
    return spread_like(x, node.outputs[0], [condition, y])


@useless.node("add", "sub", "mul", "true_div", theano="local_merge_switch_same_cond")
def switches_of_one_condition(node: Apply) -> Any:
    """Two choices by one condition, combined, are one choice between combinations."""
    if len(node.inputs) != 2:
        return None
    a, b = (made_by(v, "switch") for v in node.inputs)
    if a is None or b is None or a.inputs[0] is not b.inputs[0] or not all(alone(v) for v in node.inputs):
        return None
    # Only where that is cheap, or where one of the combinations is of constants.
    if _name(node) == "true_div" and not any(
        number_of(x) is not None and number_of(y) is not None for x, y in zip(a.inputs[1:], b.inputs[1:])
    ):
        return None
    from theon.ops.arith import switch

    return switch(a.inputs[0], node.op(a.inputs[1], b.inputs[1]), node.op(a.inputs[2], b.inputs[2]))


# --- comparisons ------------------------------------------------------------------------------------------------------


def _is_size(v: Variable) -> bool:
    """Whether ``v`` is the size of a dimension, or a sum of such."""
    node = v.owner
    if node is not None and isinstance(node.op, Elemwise) and _name(node) == "add":
        return all(_is_size(x) for x in node.inputs)
    while node is not None and isinstance(node.op, Elemwise) and _name(node) == "Cast{int64}":
        node = node.inputs[0].owner
    return node is not None and isinstance(node.op, Shape_i)


_OF_EQUALS = {"lt": False, "gt": False, "neq": False, "le": True, "ge": True, "eq": True}
_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "neq": "neq"}


@useless.node(*_COMPARISONS, theano="local_useless_elemwise_comparison")
def comparison_with_itself(node: Apply) -> Any:
    """x < x is false; of integers, x <= x is true. (NaN is not equal to itself.)"""
    x, y = node.inputs
    name = _name(node)
    if x is not y or (name not in ("lt", "gt") and x.type.dtype not in discrete_dtypes):  # type: ignore[attr-defined]
        return None
    return spread_like(constant(np.asarray(_OF_EQUALS[name])), node.outputs[0], [x])


@useless.node(*_COMPARISONS, theano="local_useless_elemwise_comparison")
def comparison_of_a_size(node: Apply) -> Any:
    """Sizes are not negative."""
    own = _name(node)
    for name, size, other in ((own, *node.inputs), (_MIRRORED[own], *node.inputs[::-1])):
        number = number_of(other)
        if number is None or not _is_size(size):
            continue
        known = None
        if number <= 0 and name in ("lt", "ge"):
            known = name == "ge"
        elif number < 0:
            known = name in ("gt", "ge", "neq")
        if known is not None:
            return spread_like(constant(np.asarray(known)), node.outputs[0], [size, other])
    return None


@useless.node("maximum", theano="local_useless_elemwise_comparison")
def larger_of_size_and_zero(node: Apply) -> Any:
    """That is the size."""
    for size, zero in (node.inputs, node.inputs[::-1]):
        number = number_of(zero)
        if number is not None and number <= 0 and _is_size(size):
            return spread_like(size, node.outputs[0], [zero])
    return None


@useless.node("minimum", theano="local_useless_elemwise_comparison")
def smaller_of_size_and_zero(node: Apply) -> Any:
    """That is the number, where it is not positive."""
    for size, zero in (node.inputs, node.inputs[::-1]):
        number = number_of(zero)
        if number is not None and number <= 0 and _is_size(size):
            return spread_like(zero, node.outputs[0], [size])
    return None


# --- checks -----------------------------------------------------------------------------------------------------------


@useless.node(Assert, theano="local_remove_useless_assert")
def assertion_of_truth(node: Apply) -> Any:
    """Conditions that are known to hold, or that were asked for already, are left out."""
    value, *conditions = node.inputs
    inner = made_by(value, Assert)
    seen = {id(c) for c in inner.inputs[1:]} if inner is not None else set()
    kept = []
    for c in conditions:
        data = getattr(c, "data", None)
        if (data is not None and bool(np.all(data))) or id(c) in seen:
            continue
        seen.add(id(c))
        kept.append(c)
    if len(kept) == len(conditions):
        return None
    return node.op(value, *kept) if kept else value


@useless.node(Assert, theano="local_remove_all_assert", usual=False, tags=("unsafe",))
def assertion_left_out(node: Apply) -> Any:
    """Without any check: for those who know that all hold."""
    return node.inputs[0]


@useless.node(Rebroadcast, theano="local_useless_rebroadcast")
def rebroadcast_of_the_same(node: Apply) -> Any:
    """What is known already need not be said."""
    (x,) = node.inputs
    flags = x.type.broadcastable  # type: ignore[attr-defined]
    left = [(d, flag) for d, flag in node.op.axes if flags[d] != flag]  # type: ignore[attr-defined]
    if len(left) == len(node.op.axes):  # type: ignore[attr-defined]
        return None
    return Rebroadcast(*left)(x) if left else x


@useless.node(Rebroadcast, theano="local_rebroadcast_lift")
def rebroadcast_of_unary(node: Apply) -> Any:
    """A function of one operand can be applied after the pattern is changed, and then together with other functions."""
    (x,) = node.inputs
    inner = x.owner
    if inner is None or not isinstance(inner.op, Elemwise) or len(inner.inputs) != 1 or not alone(x):
        return None
    return inner.op(node.op(inner.inputs[0]))


@useless.node(Rebroadcast, theano="local_rebroadcast_lift")
def rebroadcast_of_rebroadcast(node: Apply) -> Any:
    """Two in a row are one, where the second does not take back what the first checked."""
    inner = made_by(node.inputs[0], Rebroadcast)
    if inner is None:
        return None
    first, last = dict(inner.op.axes), dict(node.op.axes)  # type: ignore[attr-defined]
    if any(flag and last.get(d) is False for d, flag in first.items()):
        return None
    return Rebroadcast(*{**first, **last}.items())(inner.inputs[0])
