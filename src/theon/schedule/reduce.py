"""Reductions: in the order of memory, with the same tree of sums for any number of threads."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Operand, Pass, Reduction, Store, neutral
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import NATIVE, Expression, item, k, plus, product, times
from theon.schedule.lower import Lowering, Unsupported, lowers

__all__ = ["reduce"]

_BLOCK = 4096  # elements summed at a time where everything is reduced
_FAR = (1 << 63) - 1
_OPS = {"Sum": "add", "Prod": "mul", "Max": "max", "Min": "min", "All": "and", "Any": "or"}
_BY_SCALAR = {"add": "add", "mul": "mul", "maximum": "max", "minimum": "min", "and_": "and", "or_": "or"}
Operands = list[tuple[int, tuple[Scalar | None, ...], str]]


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
    value = k.cast(found.value, accumulator)
    if accumulator == "bool":
        op = {"max": "or", "min": "and", "add": "or", "mul": "and"}.get(op, op)
    last = found.sizes[-1] if found.sizes else const(1)
    single = last.op == "const" and last.attr == 1
    if not kept and axes:
        _to_number(low, number, found, op, accumulator, value)
    elif kept and axes and min(axes) < kept[-1] and not (single and kept[-1] == len(found.sizes) - 1):
        _in_order(low, number, found, axes, op, accumulator, value)
    else:
        _one_by_one(low, number, found, axes, op, accumulator, value)


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
    low.fill(total, Expression(const(neutral(op, accumulator), accumulator), [], sizes))
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
    if accumulator not in NATIVE or given not in NATIVE:
        raise Unsupported(accumulator)
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


@lowers("MaxAndArgmax")
def largest(low: Lowering, node: Apply) -> None:
    """The largest values; then, where they are, the first place in the order of memory that holds them or NaN."""
    (x,), (best, place) = node.inputs, node.outputs
    axes, dtype = tuple(node.op.axis), x.type.dtype  # type: ignore[attr-defined]
    wants_best, wants_place = (bool(low.fgraph.clients(v)) for v in (best, place))
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
        _in_order(low, top, found, axes, "max", dtype, found.value)
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
