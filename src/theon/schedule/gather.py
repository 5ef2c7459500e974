"""Advanced indexing: reading and writing at positions that integer arrays give."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Pass, Reduction, Store
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, k, renumbered
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.slices import last, region

__all__ = ["checked_index"]


def checked_index(low: Lowering, index: Variable, size: Scalar, wrap: bool = True) -> None:
    """Check that every element of ``index`` is a position along an axis of ``size``, before anything reads with it."""
    if not index.type.dtype.startswith(("int", "uint")):  # type: ignore[attr-defined]
        raise Unsupported("an index that is no integer")
    key = (index, size, wrap)
    if key in low.known_indices:
        return
    low.known_indices.add(key)
    found = low.as_expression(index)
    value = k.cast(found.value, INDEX)
    ends = [low.fresh(None, INDEX, ()) for _ in range(2)]
    n = len(found.operands)
    operands = [(number, strides, "read") for number, strides in found.operands]
    operands += [(end, (None,) * len(found.sizes), "write") for end in ends]
    axes = tuple(range(len(found.sizes)))
    passes = (
        Pass(axes, (Reduction("min", value, 0, INDEX), Reduction("max", value, 1, INDEX))),
        Pass((), (), tuple(Store(n + i, make("result", INDEX, (), i)) for i in range(2))),
    )
    low.kernel(len(axes), (), passes, operands, found.sizes)
    least, most = (make("elem", INDEX, (), end) for end in ends)
    lowest = make("neg", INDEX, (size,)) if wrap else const(0)
    low.check(make("and", BOOL, (make("ge", BOOL, (least, lowest)), make("lt", BOOL, (most, size)))))


class _Places:
    """Kernel axes for an advanced index: those of the result, then one for each indexed dimension of the table."""

    def __init__(
        self, low: Lowering, table_sizes: tuple[Scalar, ...], pattern: tuple[Any, ...], values: list[Variable]
    ) -> None:
        arrays = [d for d, w in enumerate(pattern) if w == "array"]
        ndim = max(v.type.ndim for v in values)  # type: ignore[attr-defined]
        self.first, last = arrays[0], arrays[-1] + 1
        kept = [*range(self.first), *range(last, len(table_sizes))]
        found = [low.as_expression(v) for v in values]
        sizes: list[Scalar] = [const(1)] * ndim
        for v, f in zip(values, found):
            for d, n in enumerate(f.sizes, ndim - len(f.sizes)):
                if v.type.broadcastable[d - ndim + len(f.sizes)]:  # type: ignore[attr-defined]
                    continue
                if sizes[d].op != "const" or sizes[d].attr != 1:
                    low.same(sizes[d], n)
                sizes[d] = n
        for v, d in zip(values, arrays):
            checked_index(low, v, table_sizes[d])
        self.sizes = (*table_sizes[: self.first], *sizes, *table_sizes[last:])
        shift = ndim - len(arrays)  # table dimensions after the arrays move by this
        self.result = len(self.sizes)
        self.naxes = self.result + len(arrays)
        self.extents = (*self.sizes, *table_sizes[self.first : last])
        self.table_axes = [0] * len(table_sizes)
        for d in kept:
            self.table_axes[d] = d if d < self.first else d + shift
        for place, d in enumerate(arrays):
            self.table_axes[d] = self.result + place
        self.outer = tuple(range(self.first + ndim))
        self.inner = tuple(range(self.first + ndim, self.result))
        self.operands: list[tuple[int, tuple[Scalar | None, ...], str]] = []
        self.fixed = []
        for place, f in enumerate(found):
            value = self.add(f, self.first + ndim - len(f.sizes))
            at, n = k.cast(value, INDEX), make("extent", INDEX, (), self.result + place)
            below = make("lt", BOOL, (at, const(0)))
            at = make("select", INDEX, (below, make("add", INDEX, (at, n)), at))
            self.fixed.append((self.result + place, at))

    def add(self, f: Expression, start: int) -> Scalar:
        """Add the operands of an expression whose dimensions run along the axes from ``start`` on; return its value."""
        value = renumbered(f.value, list(range(len(self.operands), len(self.operands) + len(f.operands))))
        for number, strides in f.operands:
            spread: list[Scalar | None] = [None] * self.naxes
            spread[start : start + len(strides)] = strides
            self.operands.append((number, tuple(spread), "read"))
        return value

    def table(self, low: Lowering, number: int, kind: str) -> int:
        """Add the indexed array; return its place among the operands."""
        spread: list[Scalar | None] = [None] * self.naxes
        for axis, s in zip(self.table_axes, low.strides_of(number)):
            spread[axis] = s
        self.operands.append((number, tuple(spread), kind))
        return len(self.operands) - 1


def _pattern(node: Apply) -> tuple[Any, ...]:
    return getattr(node.op, "pattern", ("array",))


def _arrays(pattern: tuple[Any, ...], values: list[Variable]) -> tuple[list[Variable], list[Variable]]:
    """The integer arrays among the values of an index, and the numbers in its slices. Unsupported for arrays of no dimension."""
    rest = iter(values)
    arrays, numbers = [], []
    for what in pattern:
        if what == "array":
            arrays.append(next(rest))
        elif what != "newaxis":
            numbers += [next(rest) for has in what if has]
    if not arrays or max(v.type.ndim for v in arrays) == 0:  # type: ignore[attr-defined]
        raise Unsupported("a number as an array")
    return arrays, numbers


def _table(
    low: Lowering, number: int, pattern: tuple[Any, ...], numbers: list[Variable]
) -> tuple[int, tuple[Any, ...]]:
    """The part of a tensor that the slices of an index select, with its new axes; what is left of the index for it.

    Arrays that other entries separate are brought to the front, where NumPy puts the dimensions that they give.
    """
    if all(what == "array" or not any(what) for what in pattern if what != "newaxis") and "newaxis" not in pattern:
        view = number
    else:
        entries = [
            slice(None) if what == "array" else slice(*("int64" if has else None for has in what))
            for what in pattern
            if what != "newaxis"
        ]
        view = region(low, number, entries, numbers)
    order: list[int | None] = []
    for what in pattern:
        order.append(None if what == "newaxis" else sum(d is not None for d in order))
    order += range(sum(d is not None for d in order), low.tensors[view].ndim)
    kinds: list[Any] = [what if what == "array" else "whole" for what in pattern]
    kinds += ["whole"] * (len(order) - len(kinds))
    places = [d for d, what in enumerate(kinds) if what == "array"]
    if places != list(range(places[0], places[0] + len(places))):
        order = [order[d] for d in places] + [d for d, what in zip(order, kinds) if what != "array"]
        kinds = ["array"] * len(places) + ["whole"] * (len(kinds) - len(places))
    if order != list(range(len(order))):
        sizes, strides = low.sizes_of(view), low.strides_of(view)
        view = low.view(
            view,
            [const(1) if d is None else sizes[d] for d in order],
            [const(0) if d is None else strides[d] for d in order],
            low.offset_of(view),
        )
    return view, tuple(kinds)


@lowers("AdvancedSubtensor", "AdvancedSubtensor1")
def gather(low: Lowering, node: Apply) -> None:
    """One sweep over the result; where trailing dimensions are whole, they are copied row by row."""
    x, *values = node.inputs
    (out,) = node.outputs
    arrays, numbers = _arrays(_pattern(node), values)
    number, pattern = _table(low, low.as_tensor(x), _pattern(node), numbers)
    places = _Places(low, low.sizes_of(number), pattern, arrays)
    dtype = out.type.dtype  # type: ignore[attr-defined]
    source = places.table(low, number, "read")
    result = low.fresh(out, dtype, places.sizes)
    places.operands.append((result, (*low.strides_of(result), *(None,) * (places.naxes - places.result)), "write"))
    store = Store(len(places.operands) - 1, make("load", dtype, (), source))
    passes = (Pass(places.inner, (), (store,), tuple(places.fixed)),)
    low.kernel(places.naxes, places.outer, passes, places.operands, places.extents)
    low.memory[out] = result


@lowers("AdvancedIncSubtensor", "AdvancedIncSubtensor1")
def scatter(low: Lowering, node: Apply) -> None:
    """A copy of the array, then one sweep over the values in order, so that repeats add up and the last one set stays.

    There is no copy where the array is a shared variable's and the result its new value.
    """
    from theon.schedule.updates import overwritten, unchanged

    x, y, *values = node.inputs
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    arrays, numbers = _arrays(_pattern(node), values)
    own = overwritten(low, node)
    source, value = low.as_expression(x), low.as_expression(y)
    if own is not None and not unchanged(low, [n for n, _ in value.operands]):
        low.as_tensor(y)
        value = low.as_expression(y)

    def placed(number: int) -> tuple[_Places, int, Scalar]:
        view, pattern = _table(low, number, _pattern(node), numbers)
        places = _Places(low, low.sizes_of(view), pattern, arrays)
        missing = places.result - len(value.sizes)
        if missing < 0:
            raise Unsupported("a value of more dimensions than the indexed part")
        for d, n in enumerate(value.sizes):
            if not y.type.broadcastable[d]:  # type: ignore[attr-defined]
                low.same(n, places.sizes[missing + d])
        return places, view, k.cast(places.add(value, missing), dtype)

    if own is not None:
        places, view, new = placed(own[1])
        if not unchanged(low, [n for n, _, _ in places.operands]):
            own = None
    if own is None:
        number = low.fresh(out, dtype, source.sizes)
        low.fill(number, source)
        low.memory[out] = number
        places, view, new = placed(number)
    target = places.table(low, view, "update")
    store = Store(target, new, None if node.op.set_instead_of_inc else "add")  # type: ignore[attr-defined]
    passes = (Pass(places.inner, (), (store,), tuple(places.fixed)),)
    with last(low, own):
        low.kernel(places.naxes, places.outer, passes, places.operands, places.extents)
