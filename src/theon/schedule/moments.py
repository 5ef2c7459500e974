"""Moments of arrays and the sums of normalization's gradient: one pass over the data, both numbers at a time."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Pass, Reduction, Store
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import Expression, k, product, renumbered
from theon.schedule.lower import Lowering, Unsupported, lowers

__all__: list[str] = []

_WIDE = "float64"  # of all sums
_REPEATED = 40  # operations up to which a gradient is computed again rather than kept in memory
Operands = list[tuple[int, tuple[Scalar | None, ...], str]]


def _axes(node: Apply, ndim: int) -> tuple[list[int], list[int], int]:
    """The axes summed over, those that stay, and the first of the last axes that are all summed over; not the first of all."""
    axes = list(node.op.axes)  # type: ignore[attr-defined]
    first = ndim
    while first > 1 and first - 1 in axes:
        first -= 1
    return axes, [d for d in range(ndim) if d not in axes], first


def _float(node: Apply) -> str:
    dtype = str(node.inputs[0].type.dtype)  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64"):
        raise Unsupported("moments of half precision")
    return dtype


def _small(low: Lowering, out: Variable | None, dtype: str, sizes: Sequence[Scalar], axes: Sequence[int]) -> int:
    """A new tensor of size 1 along ``axes``."""
    return low.fresh(out, dtype, tuple(const(1) if d in axes else n for d, n in enumerate(sizes)))


def _along(low: Lowering, number: int, dims: Sequence[int]) -> tuple[Scalar | None, ...]:
    """The strides of a tensor along these of its dimensions."""
    return tuple(s if d in dims else None for d, s in enumerate(low.strides_of(number)))


def _reads(found: Expression) -> Operands:
    return [(n, s, "read") for n, s in found.operands]


def _result(number: int) -> Scalar:
    return make("result", _WIDE, (), number)


def _sum(value: Scalar, number: int) -> Reduction:
    return Reduction("add", k.cast(value, _WIDE), number, _WIDE)


@lowers("Moments")
def moments(low: Lowering, node: Apply) -> None:
    """By runs of the last axes where those are summed over, else by rows around the first one."""
    dtype = _float(node)
    found = low.as_expression(node.inputs[0])
    axes, kept, first = _axes(node, len(found.sizes))
    if len(found.sizes) < 2:
        raise Unsupported("the moments of a vector")
    total = low.fresh(None, _WIDE, ())
    low.host(k.cast(product([found.sizes[d] for d in axes]), _WIDE), total)
    targets = [_small(low, out, dtype, found.sizes, axes) for out in node.outputs]
    if first < len(found.sizes):
        _by_runs(low, found, axes, kept, first, total, targets, dtype)
    else:
        _by_rows(low, found, axes, kept, total, targets, dtype)
    low.memory |= dict(zip(node.outputs, targets))


def _by_runs(
    low: Lowering, found: Expression, axes: list[int], kept: list[int], first: int, total: int, targets: list[int], dtype: str
) -> None:  # fmt: skip
    """Sum and squared differences of each run, read once from memory and again from the cache; then all runs together."""
    outer, inner = tuple(range(first)), tuple(range(first, len(found.sizes)))
    length = low.fresh(None, _WIDE, ())
    low.host(k.cast(product([found.sizes[d] for d in inner]), _WIDE), length)
    parts = [low.fresh(None, _WIDE, found.sizes[:first]) for _ in range(2)]
    operands = _reads(found)
    n = make("load", _WIDE, (), len(operands))
    operands.append((length, (None,) * len(found.sizes), "read"))
    around = k.cast(k.div(_result(0), n), dtype)
    distance = k.sub(found.value, around)
    stores = [Store(len(operands) + i, _result(i)) for i in range(2)]
    operands += [(p, (*low.strides_of(p), *(None,) * len(inner)), "write") for p in parts]
    passes = (
        Pass(inner, (_sum(found.value, 0),)),
        Pass(inner, (_sum(k.mul(distance, distance), 1),)),
        Pass((), (), tuple(stores)),
    )
    low.kernel(len(found.sizes), outer, passes, operands, found.sizes)
    # Squares were taken around each run's mean, rounded; seen from the mean of all, 2 d (sum - n m) + n d**2 more, d = m - mean.
    rest = tuple(d for d in outer if d in axes)
    operands = [(p, tuple(low.strides_of(p)), "read") for p in parts]
    operands += [(number, (None,) * first, "read") for number in (length, total)]
    own, squares, n, count = (make("load", _WIDE, (), i) for i in range(4))
    mean = k.div(_result(0), count)
    middle = k.cast(k.cast(k.div(own, n), dtype), _WIDE)
    d = k.sub(middle, mean)
    more = k.mul(d, k.add(k.mul(const(2.0, _WIDE), k.sub(own, k.mul(n, middle))), k.mul(n, d)))
    values = [k.cast(v, dtype) for v in (mean, k.div(_result(1), count))]
    passes = (
        Pass(rest, (_sum(own, 0),)),
        Pass(rest, (_sum(k.add(squares, more), 1),)),
        Pass((), (), tuple(Store(4 + i, value) for i, value in enumerate(values))),
    )
    operands += [(t, _along(low, t, kept)[:first], "write") for t in targets]
    low.kernel(first, tuple(d for d in outer if d in kept), passes, operands, found.sizes[:first])


def _by_rows(
    low: Lowering, found: Expression, axes: list[int], kept: list[int], total: int, targets: list[int], dtype: str
) -> None:
    """Rows added up in the order of memory: of float32 sums and squares around the first row at once, else one after the other."""
    sizes = found.sizes
    sums = [_small(low, None, _WIDE, sizes, axes) for _ in range(2)]
    for number in sums:
        low.fill(number, Expression(const(0.0, _WIDE), [], low.sizes_of(number)))
    every = tuple(range(len(sizes)))
    outer = tuple(d for d in every if d < min(axes))

    def added(value: Expression, wanted: list[tuple[int, Scalar]]) -> None:
        operands = _reads(value)
        stores = tuple(Store(len(operands) + i, v, "add") for i, (_, v) in enumerate(wanted))
        operands += [(number, _along(low, number, kept), "update") for number, _ in wanted]
        low.kernel(len(sizes), outer, (Pass(every[len(outer) :], (), stores),), operands, sizes)

    def small(values: list[tuple[int, Scalar]], reads: list[int]) -> None:
        lines = [low.strides_of(n) if low.tensors[n].ndim else (None,) * len(sizes) for n in reads]
        operands: Operands = [(n, tuple(s), "read") for n, s in zip(reads, lines)]
        stores = tuple(Store(len(operands) + i, v) for i, (_, v) in enumerate(values))
        operands += [(number, low.strides_of(number), "write") for number, _ in values]
        low.kernel(len(sizes), (), (Pass(every, (), stores),), operands, low.sizes_of(targets[0]))

    own, squares, count = (make("load", _WIDE, (), i) for i in range(3))
    if dtype == "float32":
        start = _small(low, None, dtype, sizes, axes)
        low.fill(start, _first_row(low, found, axes))
        whole = _beside(low, found, start, kept)
        distance = k.cast(k.sub(whole.value, make("load", dtype, (), len(whole.operands) - 1)), _WIDE)
        added(whole, [(sums[0], distance), (sums[1], k.mul(distance, distance))])
        away = k.div(own, count)
        mean = k.add(k.cast(make("load", dtype, (), 3), _WIDE), away)
        spread = k.sub(k.div(squares, count), k.mul(away, away))
        spread = k.max(spread, const(0.0, _WIDE))
        small([(targets[0], k.cast(mean, dtype)), (targets[1], k.cast(spread, dtype))], [*sums, total, start])
        return
    added(found, [(sums[0], found.value)])
    small([(targets[0], k.div(own, count))], [sums[0], sums[1], total])
    whole = _beside(low, found, targets[0], kept)
    distance = k.sub(whole.value, make("load", dtype, (), len(whole.operands) - 1))
    added(whole, [(sums[1], k.mul(distance, distance))])
    small([(targets[1], k.div(squares, count))], [sums[0], sums[1], total])


def _first_row(low: Lowering, found: Expression, axes: list[int]) -> Expression:
    """The expression at the first place along ``axes``; 0 where it is infinite or NaN."""
    for d in axes:
        low.check(make("lt", "bool", (const(0), found.sizes[d])))
    sizes = tuple(const(1) if d in axes else n for d, n in enumerate(found.sizes))
    operands = [(n, tuple(None if d in axes else x for d, x in enumerate(s))) for n, s in found.operands]
    value, zero = found.value, k.zero(found.value)
    finite = k.eq(k.sub(value, value), zero)
    return Expression(k.select(finite, value, zero), operands, sizes)


def _beside(low: Lowering, found: Expression, number: int, kept: list[int]) -> Expression:
    """The same with a statistic as one more operand."""
    return Expression(found.value, [*found.operands, (number, _along(low, number, kept))], found.sizes)


@lowers("NormalizationSums")
def normalization_sums(low: Lowering, node: Apply) -> None:
    """One pass over data and gradient; what computes the gradient is computed here, and again where it is used."""
    x, dy, mean = node.inputs
    dtype = _float(node)
    if dy.type.broadcastable != x.type.broadcastable:  # type: ignore[attr-defined]
        raise Unsupported("a gradient that is spread")
    if dy in low.pending and not low.pending[dy].costly and low.pending[dy].size <= _REPEATED:
        low.postponed.add(dy)
    values, slopes = low.as_expression(x), low.as_expression(dy)
    axes, kept, first = _axes(node, len(values.sizes))
    center = low.as_tensor(mean)
    for a, b in zip(values.sizes, slopes.sizes):
        low.same(a, b)
    for d in kept:
        low.same(low.sizes_of(center)[d], values.sizes[d])
    sizes, every = values.sizes, tuple(range(len(values.sizes)))
    targets = [_small(low, out, dtype, sizes, axes) for out in node.outputs]
    sums = [t if dtype == _WIDE else _small(low, None, _WIDE, sizes, axes) for t in targets]
    for number in sums:
        low.fill(number, Expression(const(0.0, _WIDE), [], low.sizes_of(number)))
    operands = [*_reads(values), *_reads(slopes), (center, _along(low, center, kept), "read")]
    slope = renumbered(slopes.value, [len(values.operands) + i for i in range(len(slopes.operands))])
    weighted = k.mul(slope, k.sub(values.value, make("load", dtype, (), len(operands) - 1)))
    place = len(operands)
    operands += [(number, _along(low, number, kept), "update") for number in sums]
    if first < len(sizes):
        outer = every[:first]
        passes: tuple[Pass, ...] = (
            Pass(every[first:], (_sum(slope, 0), _sum(weighted, 1))),
            Pass((), (), tuple(Store(place + i, _result(i), "add") for i in range(2))),
        )
    else:
        outer = tuple(d for d in every if d < min(axes))
        stores = tuple(Store(place + i, k.cast(v, _WIDE), "add") for i, v in enumerate((slope, weighted)))
        passes = (Pass(every[len(outer) :], (), stores),)
    low.kernel(len(sizes), outer, passes, operands, sizes)
    for number, total in zip(targets, sums):
        if number != total:
            load = k.cast(make("load", _WIDE, (), 0), dtype)
            low.fill(number, Expression(load, [(total, low.strides_of(total))], low.sizes_of(total)))
    low.memory |= dict(zip(node.outputs, targets))
