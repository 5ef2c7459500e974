"""How each op works on stacks: given inputs with one more dimension in front, the node that does all at once.

A rule is a function ``(node, args)``: ``args`` holds, for each input, its variable and whether that has a batch in front. It
returns the outputs, all with a batch, or outputs and flags where some have none. Rules are found by the op's class or one of
its bases; an op with a method ``batch(node, args)`` brings its own. Ops without a rule are looped over.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.errors import NotScalarConstantError
from theon.graph.variable import Apply
from theon.ops.arith import switch
from theon.ops.cast import ScalarFromTensor, TensorFromScalar, cast
from theon.ops.checks import Assert
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast, patternbroadcast
from theon.ops.dot import BatchedDot, Dot, batched_dot, dot
from theon.ops.elements import AdvancedIncSubtensor, AdvancedIncSubtensor1, AdvancedSubtensor, AdvancedSubtensor1
from theon.ops.extremes import MaxAndArgmax
from theon.ops.fill import Alloc, AllocDiag, DiagonalGrad, ExtractDiag, alloc, arange, eye, tri
from theon.ops.fourier import ComplexFFT, IRFFTOp, RFFTOp
from theon.ops.index import inc_subtensor, set_subtensor
from theon.ops.join import Join, MakeVector, Split, join
from theon.ops.linalg import Triangle
from theon.ops.reduce import CAReduce, SumLike
from theon.ops.reduce import all as all_
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.reshape import Reshape, SpecifyShape, reshape
from theon.ops.shape import Shape, Shape_i, get_scalar_constant_value, shape
from theon.ops.softmax import _Rows
from theon.ops.solve import Solve
from theon.ops.sort import ArgSortOp, CumOp, SortOp, TopKGather, TopKGrad, TopKOp, Unsort
from theon.tensor.constant import as_tensor_variable

__all__ = ["Arg", "NoRule", "batched", "rule_for"]

Arg = tuple[Any, bool]
Rule = Callable[[Apply, "Sequence[Arg]"], Any]
RULES: dict[type, Rule] = {}


class NoRule(Exception):
    """A rule does not know this case; the loop does."""


def batched(*ops: type) -> Callable[[Rule], Rule]:
    """Register a rule for nodes of these classes of ops."""

    def register(rule: Rule) -> Rule:
        for op in ops:
            RULES[op] = rule
        return rule

    return register


def rule_for(op: Any) -> Rule | None:
    """Return the rule of an op: its own method ``batch``, or that of the nearest class in the table."""
    own = getattr(op, "batch", None)
    if own is not None:
        return own  # type: ignore[no-any-return]
    for kind in type(op).__mro__:
        if kind in RULES:
            return RULES[kind]
    return None


# --- helpers ----------------------------------------------------------------------------------------------------------


def count(args: Sequence[Arg]) -> Any:
    """The number of things in the batch."""
    return next(v for v, has in args if has).shape[0]


def spread(arg: Arg, n: Any) -> Any:
    """A variable with a batch in front, repeated if it has none."""
    v, has = arg
    if has:
        return v
    v = as_tensor_variable(v)
    return patternbroadcast(alloc(v, n, *[v.shape[d] for d in range(v.type.ndim)]), (False, *v.type.broadcastable))


def _plain(args: Sequence[Arg]) -> list[Any]:
    """Variables none of which has a batch."""
    if any(has for _, has in args):
        raise NoRule
    return [v for v, _ in args]


def _with(op: Any, **changed: Any) -> Any:
    """The op with other fields."""
    found = copy.copy(op)
    for key, value in changed.items():
        object.__setattr__(found, key, value)
    return found


def _shifted(axis: Any) -> Any:
    """A dimension's number where one more stands in front."""
    return axis + 1 if axis >= 0 else axis


def _merged(x: Any) -> Any:
    """The first two dimensions as one."""
    return reshape(x, [x.shape[0] * x.shape[1], *[x.shape[d] for d in range(2, x.type.ndim)]], x.type.ndim - 1)


def _parted(x: Any, n: Any, m: Any) -> Any:
    """The first dimension as two, of sizes ``n`` and ``m``."""
    return reshape(x, [n, m, *[x.shape[d] for d in range(1, x.type.ndim)]], x.type.ndim + 1)


def _outputs(made: Any) -> list[Any]:
    return list(made) if isinstance(made, list | tuple) else [made]


# --- elementwise, shapes ----------------------------------------------------------------------------------------------


@batched(Elemwise)
def elementwise(node: Apply, args: Sequence[Arg]) -> Any:
    """The same op: what has no batch is spread over it."""
    return _outputs(node.op(*(v if has else v.dimshuffle("x", *range(v.type.ndim)) for v, has in args)))  # type: ignore[operator]


@batched(TensorFromScalar, ScalarFromTensor)
def number(node: Apply, args: Sequence[Arg]) -> Any:
    """A batch of numbers is a vector in both languages."""
    return [args[0][0]]


@batched(DimShuffle)
def dimshuffle_(node: Apply, args: Sequence[Arg]) -> Any:
    """One dimension in front."""
    ((x, _),) = args
    wanted = (False, *node.inputs[0].type.broadcastable)  # type: ignore[attr-defined]
    if x.type.broadcastable[1:] != wanted[1:]:
        x = patternbroadcast(x, (x.type.broadcastable[0], *wanted[1:]))
    order = node.op.new_order  # type: ignore[attr-defined]
    return [x.dimshuffle(0, *(d if d == "x" else d + 1 for d in order))]


@batched(Shape)
def shape_(node: Apply, args: Sequence[Arg]) -> Any:
    """One shape for all."""
    return [shape(args[0][0])[1:]], [False]


@batched(Shape_i)
def size(node: Apply, args: Sequence[Arg]) -> Any:
    """One size for all."""
    return [Shape_i(node.op.i + 1)(args[0][0])], [False]  # type: ignore[attr-defined]


@batched(Reshape)
def reshape_(node: Apply, args: Sequence[Arg]) -> Any:
    """One size in front."""
    (x, _), *rest = args
    (wanted,) = _plain(rest)
    n = x.shape[0]
    ndim = node.op.ndim  # type: ignore[attr-defined]
    flags = node.outputs[0].type.broadcastable  # type: ignore[attr-defined]
    sizes = [n, *(cast(wanted[d], "int64") for d in range(ndim))]
    # A size of -1 is what the others leave, in which the batch has its part.
    return [patternbroadcast(reshape(x, sizes, ndim + 1), (False, *flags))]


@batched(Rebroadcast)
def rebroadcast(node: Apply, args: Sequence[Arg]) -> Any:
    """The dimensions' numbers grow."""
    axes = node.op.axis if hasattr(node.op, "axis") else dict(node.op.axes)  # type: ignore[attr-defined]
    pairs = axes.items() if isinstance(axes, dict) else axes
    return [Rebroadcast(*((d + 1, flag) for d, flag in pairs))(args[0][0])]


@batched(SpecifyShape)
def specify(node: Apply, args: Sequence[Arg]) -> Any:
    """One size in front."""
    (x, _), *rest = args
    (wanted,) = _plain(rest)
    n = cast(x.shape[0], wanted.type.dtype)
    return [node.op(x, join(0, n.dimshuffle("x"), wanted))]  # type: ignore[operator]


@batched(SumLike)
def sum_like(node: Apply, args: Sequence[Arg]) -> Any:
    """Both get the batch, so that it is not summed."""
    n = count(args)
    return [node.op(spread(args[0], n), spread(args[1], n))]  # type: ignore[operator]


@batched(Alloc)
def alloc_(node: Apply, args: Sequence[Arg]) -> Any:
    """One size in front."""
    (value, has), *rest = args
    sizes = _plain(rest)
    missing = len(sizes) - (value.type.ndim - has)
    value = value.dimshuffle(0, *["x"] * missing, *range(1, value.type.ndim))
    flags = node.outputs[0].type.broadcastable  # type: ignore[attr-defined]
    return [patternbroadcast(alloc(value, value.shape[0], *sizes), (False, *flags))]


@batched(Assert)
def assert_(node: Apply, args: Sequence[Arg]) -> Any:
    """All conditions of the batch."""
    value, *conditions = args
    found = [all_(v) if has else v for v, has in conditions]
    return [node.op(value[0], *found)], [value[1]]  # type: ignore[operator]


# --- reductions, sorting ----------------------------------------------------------------------------------------------


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = range(ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    return tuple(d % ndim + 1 for d in axes) if ndim else ()


@batched(CAReduce, MaxAndArgmax)
def reduction(node: Apply, args: Sequence[Arg]) -> Any:
    """The dimensions' numbers grow; all are all but the batch."""
    ((x, _),) = args
    axes = _axes(node.op.axis, x.type.ndim - 1)  # type: ignore[attr-defined]
    return _outputs(_with(node.op, axis=axes)(x))


@batched(CumOp, SortOp, ArgSortOp)
def along(node: Apply, args: Sequence[Arg]) -> Any:
    """Along the same dimension; without one, of the flat array."""
    ((x, _),) = args
    axis = node.op.axis  # type: ignore[attr-defined]
    if axis is None:
        x, axis = reshape(x, [x.shape[0], -1], 2), 0
    return _outputs(_with(node.op, axis=_shifted(axis))(x))


@batched(Unsort, TopKGrad, TopKGather)
def along_of_several(node: Apply, args: Sequence[Arg]) -> Any:
    """Along the same dimension of all operands."""
    n = count(args)
    return _outputs(_with(node.op, axis=_shifted(node.op.axis))(*(spread(a, n) for a in args)))  # type: ignore[attr-defined]


@batched(TopKOp)
def largest(node: Apply, args: Sequence[Arg]) -> Any:
    """Along the same dimension, as many of each."""
    (x, _), k = args
    (k,) = _plain([k])
    return _outputs(_with(node.op, axis=_shifted(node.op.axis))(x, k))  # type: ignore[attr-defined]


@batched(_Rows)
def rows(node: Apply, args: Sequence[Arg]) -> Any:
    """All rows of all matrices."""
    n = count(args)
    found = [spread(a, n) for a in args]
    made = node.op(*(_merged(x) for x in found))  # type: ignore[operator]
    return [_parted(made, n, found[0].shape[1])]


# --- indexing ---------------------------------------------------------------------------------------------------------


def _positions(n: Any, ndim: int) -> Any:
    """The batch's own positions beside indices of ``ndim`` dimensions."""
    return arange(n).dimshuffle(0, *["x"] * ndim)


def _basic_index(idx_list: Sequence[Any], numbers: Sequence[Arg]) -> tuple[list[Any], bool]:
    """The index with its numbers in it; whether integers have a batch. Bounds of slices may have none."""
    rest = iter(numbers)
    found: list[Any] = []
    many = False
    for entry in idx_list:
        if isinstance(entry, slice):
            parts = [None if p is None else next(rest) for p in (entry.start, entry.stop, entry.step)]
            found.append(slice(*(None if p is None else _plain([p])[0] for p in parts)))
        else:
            v, has = next(rest)
            many = many or has
            found.append(cast(v, "int64") if v.type.ndim == 0 or has else v)
    return found, many


def _advanced(x: Any, has: bool, index: Sequence[Any], n: Any) -> Any:
    """``x[index]`` for vectors of integers in ``index``, the batch in front."""
    ints = [d for d, entry in enumerate(index) if not isinstance(entry, slice)]
    # One integer without a batch among those that have one is spread by NumPy's rule.
    if has:
        return x[(arange(n), *index)]
    found = x[tuple(index)]
    together = ints == list(range(ints[0], ints[0] + len(ints)))
    place = ints[0] if together else 0
    return found.dimshuffle(place, *(d for d in range(found.type.ndim) if d != place))


@batched(Subtensor)
def subtensor(node: Apply, args: Sequence[Arg]) -> Any:
    """The same index behind the batch; integers that differ are collected."""
    (x, has), *numbers = args
    idx_list = node.op.idx_list  # type: ignore[attr-defined]
    index, many = _basic_index(idx_list, numbers)
    if not many:
        return [x[(slice(None), *index)]]
    return [_advanced(x, has, index, count(args))]


def _value(y: Arg, ndim: int) -> Any:
    """What is put into a region of ``ndim`` dimensions behind the batch."""
    v, has = y
    if not has:
        return v
    missing = ndim - (v.type.ndim - 1)
    return v.dimshuffle(0, *["x"] * missing, *range(1, v.type.ndim))


@batched(IncSubtensor)
def inc_subtensor_(node: Apply, args: Sequence[Arg]) -> Any:
    """The same region behind the batch; where integers differ, each its own."""
    x, y, *numbers = args
    idx_list = node.op.idx_list  # type: ignore[attr-defined]
    index, many = _basic_index(idx_list, numbers)
    n = count(args)
    whole = spread(x, n)
    change = set_subtensor if node.op.set_instead_of_inc else inc_subtensor  # type: ignore[attr-defined]
    ndim = node.inputs[0].type.ndim - sum(not isinstance(e, slice) for e in index)  # type: ignore[attr-defined]
    region = whole[(arange(n), *index)] if many else whole[(slice(None), *index)]
    return [change(region, _value(y, ndim))]


@batched(AdvancedSubtensor1)
def rows_of(node: Apply, args: Sequence[Arg]) -> Any:
    """Rows of each, or each its rows of one."""
    (x, has), (index, many) = args
    if not has:
        return [x[index]]
    return [x[_positions(x.shape[0], 1), index] if many else x[:, index]]


@batched(AdvancedIncSubtensor1)
def inc_rows(node: Apply, args: Sequence[Arg]) -> Any:
    """Rows of each."""
    x, y, (index, many) = args
    n = count(args)
    whole = spread(x, n)
    change = set_subtensor if node.op.set_instead_of_inc else inc_subtensor  # type: ignore[attr-defined]
    region = whole[_positions(n, 1), index] if many else whole[:, index]
    return [change(region, _value(y, node.inputs[0].type.ndim))]  # type: ignore[attr-defined]


def _pattern_index(pattern: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    rest = iter(values)
    found: list[Any] = []
    for what in pattern:
        if what == "newaxis":
            found.append(None)
        elif what == "array":
            found.append(next(rest))
        else:
            found.append(slice(*(next(rest) if has else None for has in what)))
    return found


def _side_by_side(pattern: Sequence[Any]) -> bool:
    """Whether the arrays are next to each other, so that their dimensions stay in place behind the batch."""
    places = [p for p, what in enumerate(pattern) if what == "array"]
    return bool(places) and places == list(range(places[0], places[0] + len(places)))


@batched(AdvancedSubtensor)
def advanced(node: Apply, args: Sequence[Arg]) -> Any:
    """The same index behind the batch."""
    pattern = node.op.pattern  # type: ignore[attr-defined]
    (x, has), *rest = args
    values = _plain(rest)
    if not has or not _side_by_side(pattern):
        raise NoRule
    return [x[(slice(None), *_pattern_index(pattern, values))]]


@batched(AdvancedIncSubtensor)
def inc_advanced(node: Apply, args: Sequence[Arg]) -> Any:
    """The same places behind the batch."""
    pattern = node.op.pattern  # type: ignore[attr-defined]
    x, y, *rest = args
    values = _plain(rest)
    if not _side_by_side(pattern):
        raise NoRule
    n = count(args)
    change = set_subtensor if node.op.set_instead_of_inc else inc_subtensor  # type: ignore[attr-defined]
    region = spread(x, n)[(slice(None), *_pattern_index(pattern, values))]
    return [change(region, _value(y, region.type.ndim - 1))]


# --- joining ----------------------------------------------------------------------------------------------------------


def _constant(v: Any) -> int:
    try:
        return int(get_scalar_constant_value(v))
    except NotScalarConstantError:
        raise NoRule from None


@batched(Join)
def join_(node: Apply, args: Sequence[Arg]) -> Any:
    """Along the same dimension."""
    axis, *parts = args
    (given,) = _plain([axis])
    n = count(parts)
    ndim = node.outputs[0].type.ndim  # type: ignore[attr-defined]
    return [join(_constant(given) % ndim + 1, *(spread(p, n) for p in parts))]


@batched(MakeVector)
def make_vector(node: Apply, args: Sequence[Arg]) -> Any:
    """A matrix of columns."""
    n = count(args)
    dtype = node.op.dtype  # type: ignore[attr-defined]
    return [join(1, *(cast(spread(a, n), dtype).dimshuffle(0, "x") for a in args))]


@batched(Split)
def split(node: Apply, args: Sequence[Arg]) -> Any:
    """Along the same dimension."""
    (x, _), *rest = args
    axis, sizes = _plain(rest)
    return _outputs(node.op(x, _constant(axis) % (x.type.ndim - 1) + 1, sizes))  # type: ignore[operator]


# --- products ---------------------------------------------------------------------------------------------------------


@batched(Dot)
def product(node: Apply, args: Sequence[Arg]) -> Any:
    """One product of larger matrices where one operand has no batch, else a product each."""
    (x, left), (y, right) = args
    if left and right:
        return [batched_dot(x, y)]
    if left:
        if x.type.ndim == 2:
            return [dot(x, y)]
        found = dot(_merged(x), y)
        return [_parted(found, x.shape[0], x.shape[1])]
    if x.type.ndim == 1:
        # Sums over the rows of each.
        if y.type.ndim == 2:
            return [dot(y, x)]
        turned = y.dimshuffle(0, 2, 1)
        return [_parted(dot(_merged(turned), x), turned.shape[0], turned.shape[1])]
    if y.type.ndim == 2:
        return [dot(y, x.T)]
    turned = y.dimshuffle(0, 2, 1)
    found = _parted(dot(_merged(turned), x.T), turned.shape[0], turned.shape[1])
    return [found.dimshuffle(0, 2, 1)]


@batched(BatchedDot)
def products(node: Apply, args: Sequence[Arg]) -> Any:
    """All products of all stacks."""
    n = count(args)
    x, y = (spread(a, n) for a in args)
    return [_parted(batched_dot(_merged(x), _merged(y)), n, x.shape[1])]


# --- matrices ---------------------------------------------------------------------------------------------------------


@batched(ExtractDiag)
def diagonal_(node: Apply, args: Sequence[Arg]) -> Any:
    """Of the same dimensions."""
    op: Any = node.op
    ndim = node.inputs[0].type.ndim  # type: ignore[attr-defined]
    return [ExtractDiag(op.offset, op.axis1 % ndim + 1, op.axis2 % ndim + 1)(args[0][0])]


@batched(DiagonalGrad)
def diagonal_gradient(node: Apply, args: Sequence[Arg]) -> Any:
    """Of the same dimensions."""
    op: Any = node.op
    ndim = node.inputs[0].type.ndim  # type: ignore[attr-defined]
    n = count(args)
    return [DiagonalGrad(op.offset, op.axis1 % ndim + 1, op.axis2 % ndim + 1)(*(spread(a, n) for a in args))]


@batched(AllocDiag)
def diagonal_matrix(node: Apply, args: Sequence[Arg]) -> Any:
    """A unit matrix times each vector."""
    ((x, _),) = args
    op: Any = node.op
    if op.offset or node.inputs[0].type.ndim != 1 or (op.axis1 % 2, op.axis2 % 2) != (0, 1):  # type: ignore[attr-defined]
        raise NoRule
    one = eye(x.shape[1], dtype=x.type.dtype)
    zero = np.zeros((), x.type.dtype)
    return [switch(one.dimshuffle("x", 0, 1), x.dimshuffle(0, 1, "x"), zero)]


@batched(Triangle)
def triangle(node: Apply, args: Sequence[Arg]) -> Any:
    """The same places of each."""
    ((x, _),) = args
    op: Any = node.op
    inside = tri(x.shape[1], x.shape[2], op.k if op.lower else op.k - 1, "bool").dimshuffle("x", 0, 1)
    zero = np.zeros((), x.type.dtype)
    return [switch(inside, x, zero) if op.lower else switch(inside, zero, x)]


@batched(Solve)
def solve(node: Apply, args: Sequence[Arg]) -> Any:
    """Of one matrix for many right sides: once for all columns."""
    (A, has), (b, _) = args
    if has:
        raise NoRule
    if b.type.ndim == 2:
        return [node.op(A, b.T).T]  # type: ignore[operator]
    n, rows_, columns = (b.shape[d] for d in range(3))
    flat = reshape(b.dimshuffle(1, 0, 2), [rows_, n * columns], 2)
    found = node.op(A, flat)  # type: ignore[operator]
    return [reshape(found, [A.shape[1], n, columns], 3).dimshuffle(1, 0, 2)]


@batched(ComplexFFT)
def complex_transform(node: Apply, args: Sequence[Arg]) -> Any:
    """The same dimensions, one further on."""
    (a, has), sizes = args
    if not has:
        raise NoRule
    op: Any = node.op
    return [_with(op, axes=tuple(d + 1 for d in op.axes))(a, *_plain([sizes]))]


@batched(RFFTOp, IRFFTOp)
def real_transform(node: Apply, args: Sequence[Arg]) -> Any:
    """These have a dimension of lines already."""
    (a, has), sizes = args
    if not has:
        raise NoRule
    return [_parted(node.op(_merged(a), *_plain([sizes])), a.shape[0], a.shape[1])]
