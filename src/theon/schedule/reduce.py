"""Reductions: in the order of memory, with the same tree of sums for any number of threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Operand, Pass, Reduction, Store, neutral
from theon.kernel.pairs import PART
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, is_plain, make
from theon.schedule import complexes
from theon.schedule.expression import HELD, Expression, item, k, plus, product, renumbered, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import minus, most, over
from theon.schedule.step import Loop, NativeCall

__all__ = ["reduce"]

_BLOCK = 4096  # elements summed at a time where everything is reduced
_PART = 4096  # elements of a part where everything is reduced
_LONG = 65536  # elements of a part where there are columns, of
_ROWS = 64  # rows or more
_SHORT = 8  # elements of a run of memory that is not worth a result of its own
_PIECES = 4  # positions of a part where what a result is made of is in pieces, each far from the next
_ENOUGH = 16  # results that are enough to share
_FEW = 4096  # results of which each thread would get too few
_FAR = (1 << 63) - 1
_OPS = {"Sum": "add", "Prod": "mul", "Max": "max", "Min": "min", "All": "and", "Any": "or"}
_BY_SCALAR = {"add": "add", "mul": "mul", "maximum": "max", "minimum": "min", "and_": "and", "or_": "or"}
Strides = tuple[Scalar | None, ...]
Operands = list[tuple[int, Strides, str]]


def _kept(found: Expression, axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(d for d in range(len(found.sizes)) if d not in axes)


def _along(low: Lowering, number: int, dims: Sequence[int], count: int) -> tuple[Scalar | None, ...]:
    """The strides of a tensor whose dimensions run along ``dims`` of ``count`` axes."""
    strides: list[Scalar | None] = [None] * count
    for d, s in zip(dims, low.strides_of(number)):
        strides[d] = s
    return tuple(strides)


def reduce(
    low: Lowering, out: Variable, found: Expression, axes: Sequence[int], op: str, accumulator: str, dtype: str
) -> None:
    """Reduce an expression over ``axes`` into memory for ``out``, combining values of dtype ``accumulator``."""
    kept = _kept(found, axes)
    number = low.fresh(out, dtype, tuple(found.sizes[d] for d in kept))
    low.memory[out] = number
    if accumulator == "bool":
        op = {"max": "or", "min": "and", "add": "or", "mul": "and"}.get(op, op)
    reduce_into(low, number, found, axes, op, accumulator)


def reduce_into(low: Lowering, number: int, found: Expression, axes: Sequence[int], op: str, accumulator: str) -> None:
    """Reduce an expression over ``axes`` into a tensor of the sizes that stay."""
    kept = _kept(found, axes)
    value = k.cast(found.value, accumulator)
    last = found.sizes[-1] if found.sizes else const(1)
    single = last.op == "const" and last.attr == 1
    if axes and not found.positional and is_plain(value):
        _in_parts(low, number, Expression(value, found.operands, found.sizes), axes, op)
    elif not kept and axes:
        _to_number(low, number, found, op, accumulator, value)
    elif kept and axes and min(axes) < kept[-1] and not (single and kept[-1] == len(found.sizes) - 1):
        _in_order(low, number, found, axes, op, accumulator, value)
    else:
        _one_by_one(low, number, found, axes, op, accumulator, value)


@dataclass
class _Fold:
    """A plain reduction: ``target`` has a stride for each dimension of ``found`` that stays, None along the others."""

    found: Expression
    op: str
    target: int
    along: tuple[Scalar | None, ...]

    def axes(self) -> tuple[int, ...]:
        return tuple(d for d, s in enumerate(self.along) if s is None)

    def run(self, low: Lowering) -> None:
        """Add the kernel: its results are made of whole rows or columns, in whatever order memory is best read."""
        found, count = self.found, len(self.found.sizes)
        accumulator = found.value.dtype
        operands: Operands = [(n, s, "read") for n, s in found.operands]
        operands.append((self.target, self.along, "write"))
        result = k.cast(make("result", accumulator, (), 0), low.tensors[self.target].dtype)
        passes = (
            Pass(self.axes(), (Reduction(self.op, found.value, 0, accumulator),)),
            Pass((), (), (Store(len(operands) - 1, result),)),
        )
        outer = tuple(d for d in range(count) if self.along[d] is not None)
        low.kernel(count, outer, passes, operands, found.sizes)


def _in_parts(low: Lowering, number: int, found: Expression, axes: Sequence[int], op: str) -> None:
    """A plain reduction in two stages, by parts whose sizes depend on the array's alone: the same tree for any number of threads.

    Parts are worth it where few results are left, so that there would be too little to share, or where each result's
    elements are far apart.
    """
    along = _along(low, number, _kept(found, axes), len(found.sizes))
    _share(low, _flat(low, _without_ones(_Fold(found, op, number, along))))


def _share(low: Lowering, fold: _Fold) -> None:
    """Add the kernels of a reduction whose dimensions are as few as they can be."""
    if _last_first(low, fold):
        return
    op = fold.op
    length, few = _part(fold)
    if length is None:
        fold.run(low)
        return
    found, accumulator = fold.found, fold.found.value.dtype
    first, kept = fold.axes()[0], [d for d, s in enumerate(fold.along) if s is not None]
    n, sizes = found.sizes[first], list(found.sizes)
    backwards = _in_fortran_order(fold)
    if backwards is not None:
        length = make("select", INDEX, (backwards, plus(n, const(1)), length))  # again no part
    if few is not None and low.tensors[fold.target].dtype == accumulator:
        # Where many results are left, each is made of all that it is made of at once, by the same kernel.
        last, every = sizes[kept[-1]], list(sizes)
        sizes[kept[-1]] = make("select", INDEX, (few, last, const(0)))
        every[kept[-1]] = make("select", INDEX, (few, const(0), last))
        _piece(low, fold, first, length, every, (const(1), n, const(0)), fold.target, (const(0), *fold.along)).run(low)
    elif few is not None:
        length = make("select", INDEX, (few, length, plus(n, const(1))))  # everything is the rest that makes no part
    whole = over(n, length)
    partial = low.fresh(None, accumulator, (plus(whole, const(1)), *(sizes[d] for d in kept)))
    step, *inner = low.strides_of(partial)
    spread = tuple(None if s is None else inner[kept.index(d)] for d, s in enumerate(fold.along))

    at, along = times(whole, length), (step, *spread)
    _piece(low, fold, first, length, sizes, (whole, length, const(0)), partial, along).run(low)
    end = low.view(partial, low.sizes_of(partial), low.strides_of(partial), times(whole, step))
    _piece(low, fold, first, length, sizes, (const(1), minus(n, at), at), end, along).run(low)
    # The parts' results, as one matrix if it can be: that is one kernel for all functions.
    count, load, into = plus(whole, const(1)), make("load", accumulator, (), 0), fold.target
    rest = [s for s in fold.along if s is not None]
    left: Sequence[Scalar] = [sizes[d] for d in kept]
    if kept and low.is_dense(into):
        left, inner, rest = [product(left)], inner[-1:], [const(item(low.tensors[into].dtype))]
    pieces = Expression(load, [(partial, (step, *inner))], (count, *left))
    _Fold(pieces, op, into, (None, *rest)).run(low)


def _in_fortran_order(fold: _Fold) -> Scalar | None:
    """Whether parts of the first axis would be far from each other, and there are results enough to share; None if never."""
    axes, sizes = fold.axes(), fold.found.sizes
    for _, strides in fold.found.operands[:1]:
        near, far = strides[axes[0]], strides[axes[-1]]
        if len(axes) > 1 and len(axes) < len(sizes) and near is not None and far is not None:
            results = product([n for d, n in enumerate(sizes) if d not in axes])
            enough = make("ge", BOOL, (results, const(_ENOUGH)))
            return make("and", BOOL, (make("lt", BOOL, (near, far)), enough))
    return None


def _last_first(low: Lowering, fold: _Fold) -> bool:
    """Reduce the last dimensions, then others before one that stays, if that is how it is: memory is read in its order."""
    sizes, axes = fold.found.sizes, fold.axes()
    first = len(sizes)
    while first - 1 in axes:
        first -= 1
    each = product(sizes[first:])
    if first in (0, len(sizes), axes[0]) or (each.op == "const" and each.attr < _SHORT):
        return False
    accumulator = fold.found.value.dtype
    partial = low.fresh(None, accumulator, tuple(sizes[:first]))
    steps = low.strides_of(partial)
    _share(low, _Fold(fold.found, fold.op, partial, (*steps, *(None for _ in sizes[first:]))))
    load = make("load", accumulator, (), 0)
    _share(
        low,
        _Fold(
            Expression(load, [(partial, tuple(steps))], tuple(sizes[:first])), fold.op, fold.target, fold.along[:first]
        ),
    )
    return True


def _piece(
    low: Lowering, fold: _Fold, first: int, length: Scalar, sizes: Sequence[Scalar], which: tuple[Scalar, Scalar, Scalar],
    target: int, along: Strides,
) -> _Fold:  # fmt: skip
    """``which``: how many parts ``length`` positions from each other along the axis ``first``, of what size, from where on."""
    parts, size, start = which
    operands: list[tuple[int, Strides]] = []
    for t, strides in fold.found.operands:
        s = strides[first]
        if s is not None and not (start.op == "const" and start.attr == 0):
            t = low.view(t, low.sizes_of(t), low.strides_of(t), plus(low.offset_of(t), times(start, s)))
        operands.append((t, (None if s is None else times(s, length), *strides)))
    extents = (parts, *sizes[:first], size, *sizes[first + 1 :])
    return _Fold(Expression(fold.found.value, operands, extents), fold.op, target, along)


def _without_ones(fold: _Fold) -> _Fold:
    """Without dimensions of size 1."""
    found = fold.found
    places = [d for d, n in enumerate(found.sizes) if not (n.op == "const" and n.attr == 1)]
    if not any(fold.along[d] is None for d in places):
        places = list(range(len(found.sizes)))  # something is to be reduced, if only over one element
    operands = [(n, tuple(s[d] for d in places)) for n, s in found.operands]
    sizes = tuple(found.sizes[d] for d in places)
    return _Fold(Expression(found.value, operands, sizes), fold.op, fold.target, tuple(fold.along[d] for d in places))


def _flat(low: Lowering, fold: _Fold) -> _Fold:
    """With one dimension instead of several where everything is reduced and known to be contiguous."""
    found = fold.found
    if len(found.sizes) < 2 or any(s is not None for s in fold.along):
        return fold
    operands: list[tuple[int, tuple[Scalar | None, ...]]] = []
    for n, strides in found.operands:
        size = const(item(low.tensors[n].dtype))
        step: Scalar = size
        for length, s in zip(reversed(found.sizes), reversed(strides)):
            if s is not step and any(s is not None for s in strides):
                return fold
            step = times(step, length)
        operands.append((n, (None if all(s is None for s in strides) else size,)))
    return _Fold(Expression(found.value, operands, (product(found.sizes),)), fold.op, fold.target, (None,))


def _part(fold: _Fold) -> tuple[Scalar | None, Scalar | None]:
    """How many positions along the first reduced axis make a part, None where parts are not worth it; or whether they are."""
    sizes, axes = fold.found.sizes, fold.axes()
    kept = [d for d in range(len(sizes)) if d not in axes]
    first = axes[0]
    n, each = sizes[first], product([s for d, s in enumerate(sizes) if d != first])
    if all(s.op == "const" for s in sizes) and times(n, each).attr <= 4 * _PART:
        return None, None
    if not kept:
        return (const(_PART) if len(sizes) == 1 else _fitting(const(_PART), each)), None
    if kept[-1] < first:
        return None, None
    if kept[-1] < len(sizes) - 1:
        return const(_PIECES), None
    results = product([sizes[d] for d in kept])
    length = _fitting(most(const(_LONG), times(results, const(_ROWS))), each)
    if results.op == "const":
        return (length, None) if results.attr < _FEW else (None, None)
    several = make("ge", BOOL, (times(n, each), const(2 * _LONG)))
    return length, make("and", BOOL, (make("lt", BOOL, (results, const(_FEW))), several))


def _fitting(elements: Scalar, each: Scalar) -> Scalar:
    """How many positions of ``each`` elements hold about so many, at least one."""
    return most(over(elements, most(each, const(1))), const(1))


def _one_by_one(
    low: Lowering, number: int, found: Expression, axes: Sequence[int], op: str, accumulator: str, value: Scalar
) -> None:
    """One accumulator for each position along the axes that stay."""
    kept, count = _kept(found, axes), len(found.sizes)
    operands: Operands = [(n, s, "read") for n, s in found.operands]
    operands.append((number, _along(low, number, kept, count), "write"))
    reduction = Reduction(op, value, 0, accumulator)
    result = k.cast(make("result", accumulator, (), 0), low.tensors[number].dtype)
    passes = (Pass(tuple(axes), (reduction,), ()), Pass((), (), (Store(len(operands) - 1, result),)))
    low.kernel(count, kept, passes, operands, found.sizes)


def _in_order(
    low: Lowering, number: int, found: Expression, axes: Sequence[int], op: str, accumulator: str, value: Scalar
) -> None:
    """Where axes that stay lie behind others: everything is read once, in the order of memory, and added to what is there.

    Whole rows are added up where the last axis stays; else sums along the last axes.
    """
    kept, count = _kept(found, axes), len(found.sizes)
    sizes = tuple(found.sizes[d] for d in kept)
    same = low.tensors[number].dtype == accumulator
    total = number if same else low.fresh(None, accumulator, sizes)
    low.fill(total, Expression(k.const(neutral(op, accumulator), accumulator), [], sizes))
    operands: Operands = [(n, s, "read") for n, s in found.operands]
    target = len(operands)
    operands.append((total, _along(low, total, kept, count), "update"))
    if kept[-1] == count - 1:
        first = min(axes)
        passes: tuple[Pass, ...] = (Pass(tuple(range(first, count)), (), (Store(target, value, op),)),)
        low.kernel(count, tuple(range(first)), passes, operands, found.sizes)
    else:
        first = kept[-1] + 1
        reduction = Reduction(op, value, 0, accumulator)
        passes = (
            Pass(tuple(range(first, count)), (reduction,)),
            Pass((), (), (Store(target, make("result", accumulator, (), 0), op),)),
        )
        low.kernel(count, tuple(range(first)), passes, operands, found.sizes)
    if not same:
        loaded = k.cast(make("load", accumulator, (), 0), low.tensors[number].dtype)
        low.fill(number, Expression(loaded, [(total, low.strides_of(total))], sizes))


def _to_number(low: Lowering, number: int, found: Expression, op: str, accumulator: str, value: Scalar) -> None:
    """Everything to one number, in two stages with the same tree for any number of threads.

    Contiguous memory in blocks of a fixed length, other in rows; then the blocks' results.
    """
    if all(n.op == "const" for n in found.sizes) and product(found.sizes).attr <= _BLOCK:
        _one_by_one(low, number, found, range(len(found.sizes)), op, accumulator, value)
        return
    if len(found.sizes) == 1 and found.positional:
        _one_by_one(low, number, found, (0,), op, accumulator, value)
        return
    dense = len(found.sizes) == 1 or (
        not found.positional
        and all(
            all(s is None for s in strides)
            or (low.is_dense(n) and all(s is not None for s in strides) and low.sizes_of(n) == found.sizes)
            for n, strides in found.operands
        )
    )
    if not dense:
        partial = low.fresh(None, accumulator, found.sizes[:1])
        _one_by_one(low, partial, found, range(1, len(found.sizes)), op, accumulator, value)
        _last_stage(low, number, partial, found.sizes[0], op, accumulator)
        return
    n = product(found.sizes)
    block = const(_BLOCK)
    whole = make("floordiv", INDEX, (n, block))
    rest = make("mod", INDEX, (n, block))
    partial = low.fresh(None, accumulator, (plus(whole, const(1)),))
    start = times(whole, block)
    (step,) = low.strides_of(partial)
    for blocks, length, at in ((whole, block, const(0)), (const(1), rest, start)):
        operands: Operands = []
        for t, strides in found.operands:
            if all(s is None for s in strides):
                operands.append((t, (None, None), "read"))
                continue
            s = strides[0] if len(strides) == 1 else const(item(low.tensors[t].dtype))
            assert s is not None
            view = low.view(t, (length,), (s,), plus(low.offset_of(t), times(at, s)))
            operands.append((view, (times(s, block), s), "read"))
        here = low.view(partial, (blocks,), (step,), const(0) if at.op == "const" else times(whole, step))
        operands.append((here, (step, None), "write"))
        last = Pass((), (), (Store(len(operands) - 1, make("result", accumulator, (), 0)),))
        given = found.value.dtype
        if found.costly and given != accumulator:
            # Values first, then their sum: in one loop the wider accumulators would halve the vectors of the functions.
            scratch = make("load", given, (), len(operands))
            passes: tuple[Pass, ...] = (
                Pass((1,), (), (Store(len(operands), found.value),)),
                Pass((1,), (Reduction(op, k.cast(scratch, accumulator), 0, accumulator),)),
                last,
            )
            low.kernel(2, (0,), passes, operands, (blocks, length), (Operand(given, (1,), "scratch", _BLOCK),))
            continue
        passes = (Pass((1,), (Reduction(op, value, 0, accumulator),)), last)
        low.kernel(2, (0,), passes, operands, (blocks, length))
    _last_stage(low, number, partial, plus(whole, const(1)), op, accumulator)


def _last_stage(low: Lowering, number: int, partial: int, n: Scalar, op: str, accumulator: str) -> None:
    load = make("load", accumulator, (), 0)
    blocks = Expression(load, [(partial, low.strides_of(partial))], (n,))
    _one_by_one(low, number, blocks, (0,), op, accumulator, load)


def _product_of_complex(low: Lowering, out: Variable, number: int, axes: Sequence[int], accumulator: str) -> None:
    """One factor after the other along each axis: what the parts become depends on both."""
    for axis in sorted(axes, reverse=True):
        sizes, strides = list(low.sizes_of(number)), list(low.strides_of(number))
        length, step = sizes.pop(axis), strides.pop(axis)
        total = low.fresh(None, accumulator, tuple(sizes))
        low.fill(total, Expression(k.const(1, accumulator), [], tuple(sizes)))
        counter = low.fresh(None, INDEX, ())
        at = plus(low.offset_of(number), times(make("elem", INDEX, (), counter), step))
        row = low.view(number, sizes, strides, at)
        x, y = (complexes.expression(low, n, low.strides_of(n)) for n in (total, row))
        value = k.mul(x.value, k.cast(renumbered(y.value, [2, 3]), accumulator))
        before, low.steps = low.steps, []
        low.fill(total, Expression(value, [*x.operands, *y.operands], x.sizes))
        low.steps = [*before, Loop(tuple(low.steps), length, counter)]
        number = total
    found = complexes.expression(low, number, low.strides_of(number))
    dtype = out.type.dtype  # type: ignore[attr-defined]
    low.pending[out] = Expression(k.cast(found.value, dtype), found.operands, found.sizes)


def _of_floats(low: Lowering, out: Variable, number: int, axes: Sequence[int], dtype: str, accumulator: str) -> None:
    """The sum of complex numbers in memory: that of floats with a dimension more."""
    floats = complexes.as_floats(low, number)
    sizes, strides, load = low.sizes_of(floats), low.strides_of(floats), make("load", low.tensors[floats].dtype, (), 0)
    target = low.fresh(out, dtype, tuple(n for d, n in enumerate(sizes[:-1]) if d not in axes))
    found = Expression(load, [(floats, strides)], sizes)
    reduce_into(low, complexes.as_floats(low, target), found, axes, "add", PART[accumulator])
    low.memory[out] = target


@lowers("Sum", "Prod", "Max", "Min", "All", "Any", "CAReduce", "CAReduceDtype")
def reduction(low: Lowering, node: Apply) -> None:
    """The reductions, asked for by their own class or by their scalar op."""
    op = _OPS.get(type(node.op).__name__) or _BY_SCALAR.get(node.op.scalar_op.kind)  # type: ignore[attr-defined]
    (x,), (out,) = node.inputs, node.outputs
    dtype, given = out.type.dtype, x.type.dtype  # type: ignore[attr-defined]
    if op is None or (type(node.op).__name__ not in _OPS and op in ("and", "or") and given != "bool"):
        raise Unsupported(f"a reduction by {node.op}")
    axes = node.op.axes_of(x)  # type: ignore[attr-defined]
    accumulator = node.op.accumulator_dtype(given)  # type: ignore[attr-defined]
    accumulator = "float32" if accumulator == "float16" else accumulator
    if accumulator not in HELD:
        raise Unsupported(accumulator)
    if accumulator in PART and op == "mul":
        _product_of_complex(low, out, low.as_tensor(x), axes, accumulator)
        return
    if given in PART and x not in low.pending:
        _of_floats(low, out, low.as_tensor(x), axes, dtype, accumulator)
        return
    parts = low.vector.get(x)
    if parts and op in ("add", "mul"):
        # The number of elements of an array, say: an expression of its sizes.
        total = k.cast(parts[0], accumulator)
        for part in parts[1:]:
            total = make(op, accumulator, (total, k.cast(part, accumulator)))
        low.scalar[out] = k.cast(total, dtype)
        return
    found = low.as_expression(x, positional=True)
    if op in ("max", "min"):
        for d in axes:
            low.check(make("lt", BOOL, (const(0), found.sizes[d])))
    reduce(low, out, found, axes, op, accumulator, dtype)


@lowers("CumOp")
def cumulate(low: Lowering, node: Apply) -> None:
    """The values are computed where their running sums or products come to lie."""
    op: Any = node.op
    (x,), (out,) = node.inputs, node.outputs
    dtype, mode = out.type.dtype, op.mode  # type: ignore[attr-defined]
    found = low.as_expression(x, positional=True)
    count = len(found.sizes)
    axis = None if op.axis is None else op.axis % count
    if axis is None and count != 1:
        number = low.fresh(None, dtype, found.sizes)
        target = number
        n: tuple[Scalar, ...] = (const(1), product(found.sizes), const(1))
        step = const(item(dtype))
        low.memory[out] = low.view(number, n[1:2], (step,), low.offset_of(number))
    else:
        along = axis or 0
        target = low.fresh(out, dtype, found.sizes)
        n = (product(found.sizes[:along]), found.sizes[along], product(found.sizes[along + 1 :]))
        low.memory[out] = target
    if not low.is_dense(target):
        raise Unsupported("a place that is not contiguous")
    low.fill(target, Expression(k.cast(found.value, dtype), found.operands, found.sizes))
    if dtype in PART:
        n, step = (*n[:2], times(n[2], const(2))), const(item(PART[dtype]))
    else:
        step = const(item(dtype))
    t = low.tensors[target]
    row = times(n[2], step)
    whole = low.tensor(t.buffer, PART.get(dtype, dtype), 3, n, (times(n[1], row), row, step), low.offset_of(target))
    if dtype == "bool":
        mode = {"add": "or", "mul": "and"}[mode]
    elif dtype in PART and mode == "mul":
        mode = "mul_pairs"
    low.steps.append(NativeCall("cumulate", (), (whole,), (), (mode,), 0))


@lowers("MaxAndArgmax")
def largest(low: Lowering, node: Apply) -> None:
    """The largest values; then, where they are, the first place in the order of memory that holds them or NaN."""
    (x,), (best, place) = node.inputs, node.outputs
    axes, dtype = tuple(node.op.axis), x.type.dtype  # type: ignore[attr-defined]
    wants_best, wants_place = (bool(low.clients(v)) for v in (best, place))
    if wants_place and x in low.pending and low.pending[x].costly:
        low.as_tensor(x)
    found = low.as_expression(x, positional=True)
    for d in axes:
        low.check(make("lt", BOOL, (const(0), found.sizes[d])))
    kept = _kept(found, axes)
    sizes = tuple(found.sizes[d] for d in kept)
    if not wants_place:
        reduce(low, best, found, axes, "max", dtype, dtype)
        return
    number = low.fresh(place, "int64", sizes)
    if not kept and len(axes) > 1:
        top = low.fresh(best if wants_best else None, dtype, ())
        _place_of_all(low, found, top, number, dtype)
    elif kept and min(axes) < kept[-1]:
        top = low.fresh(best if wants_best else None, dtype, sizes)
        reduce_into(low, top, found, axes, "max", dtype)
        operands: Operands = [(n, s, "read") for n, s in found.operands]
        operands.append((top, _along(low, top, kept, len(found.sizes)), "read"))
        equal = _is_found(found.value, make("load", dtype, (), len(operands) - 1))
        both = Expression(_position_if(equal, axes), [(n, s) for n, s, _ in operands], found.sizes)
        _in_order(low, number, both, axes, "min", INDEX, both.value)
    else:
        top = low.fresh(best if wants_best else None, dtype, sizes) if wants_best else -1
        operands = [(n, s, "read") for n, s in found.operands]
        operands.append((number, _along(low, number, kept, len(found.sizes)), "write"))
        stores = [Store(len(operands) - 1, make("result", INDEX, (), 1))]
        if wants_best:
            operands.append((top, _along(low, top, kept, len(found.sizes)), "write"))
            stores.append(Store(len(operands) - 1, make("result", dtype, (), 0)))
        equal = _is_found(found.value, make("result", dtype, (), 0))
        passes = (
            Pass(axes, (Reduction("max", found.value, 0, dtype),)),
            Pass(axes, (Reduction("min", _position_if(equal, axes), 1, INDEX),)),
            Pass((), (), tuple(stores)),
        )
        low.kernel(len(found.sizes), kept, passes, operands, found.sizes)
    low.memory[place] = number
    if wants_best:
        low.memory[best] = top


def _is_found(x: Scalar, top: Scalar) -> Scalar:
    equal = make("eq", BOOL, (x, top))
    return make("or", BOOL, (equal, k.isnan(x))) if x.dtype.startswith("float") else equal


def _position_if(equal: Scalar, axes: Sequence[int]) -> Scalar:
    """The position in the flattened order of ``axes`` where ``equal`` holds, else beyond all."""
    at = make("axis", INDEX, (), axes[0])
    for d in axes[1:]:
        at = plus(times(at, make("extent", INDEX, (), d)), make("axis", INDEX, (), d))
    return make("select", INDEX, (equal, at, const(_FAR)))


def _place_of_all(low: Lowering, found: Expression, top: int, number: int, dtype: str) -> None:
    """The largest of each part along the first axis; the first part that has the largest of all; the place in that part."""
    count, inner = len(found.sizes), tuple(range(1, len(found.sizes)))
    tops = low.fresh(None, dtype, found.sizes[:1])
    _one_by_one(low, tops, found, inner, "max", dtype, found.value)
    part = low.fresh(None, INDEX, ())
    load = make("load", dtype, (), 0)
    passes: tuple[Pass, ...] = (
        Pass((0,), (Reduction("max", load, 0, dtype),)),
        Pass((0,), (Reduction("min", _position_if(_is_found(load, make("result", dtype, (), 0)), (0,)), 1, INDEX),)),
        Pass((), (), (Store(1, make("result", INDEX, (), 1)), Store(2, make("result", dtype, (), 0)))),
    )
    (step,) = low.strides_of(tops)
    low.kernel(
        1, (), passes, [(tops, (step,), "read"), (part, (None,), "write"), (top, (None,), "write")], found.sizes[:1]
    )
    n, nothing = len(found.operands), (None,) * count
    operands: Operands = [(t, s, "read") for t, s in found.operands]
    operands += [(part, nothing, "read"), (top, nothing, "read"), (number, nothing, "write")]
    here = make("load", INDEX, (), n)
    equal = _is_found(found.value, make("load", dtype, (), n + 1))
    before = here
    for d in inner:
        before = times(before, make("extent", INDEX, (), d))
    passes = (
        Pass(inner, (Reduction("min", _position_if(equal, inner), 0, INDEX),), (), ((0, here),)),
        Pass((), (), (Store(n + 2, plus(before, make("result", INDEX, (), 0))),)),
    )
    low.kernel(count, (), passes, operands, found.sizes)
