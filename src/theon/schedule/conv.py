"""Convolutions of images and their gradients as native routines: checks of the sizes, views of the filters, workspaces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from theon.dtypes import upcast
from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.copies import backwards
from theon.schedule.expression import item, plus, times
from theon.schedule.follow import pooled_rows
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements, least, minus, modulo, most, only_sized, over
from theon.schedule.step import Branch, NativeCall
from theon.schedule.winograd import convolve_tiles, sums_of_tiles
from theon.schedule.workspace import NOTHING, rounded, workspace

__all__ = ["Geometry", "convolved", "divided", "factors", "filter_slopes", "fitted", "image_slopes"]

_WORKSPACE = 1 << 19  # bytes that a thread works in at a time, where one row of the result needs no more
_PLACES = 512  # places of the result in a block of the filters' gradient
_PARTS = 8  # of the places, whose sums are added in order
_SUMS = 1 << 25  # bytes of the sums of all parts, where those of one need no more
_ADDING = 14  # what adding an element of the columns costs, in products


def factors(low: Lowering, node: Apply) -> tuple[str, int, int]:
    """The result's dtype, and the first two operands in it. Unsupported for results that are no floats, or less precise."""
    dtype, first, second = (v.type.dtype for v in (*node.outputs, *node.inputs[:2]))  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64") or upcast(dtype, first, second) != dtype:
        raise Unsupported("results other than of float32 and float64, or of less precision than the operands")
    x, y = (low.as_dtype(v, dtype) for v in node.inputs[:2])
    return dtype, x, y


class Geometry:
    """Sizes of the result and what is added around the image, as expressions; checked as the reference checks them."""

    def __init__(self, low: Lowering, op: Any, image: Sequence[Scalar], kernel: Sequence[Scalar]) -> None:
        self.pads: list[Scalar] = []
        self.sizes: list[Scalar] = []
        for d, (n, m) in enumerate(zip(image, kernel)):
            low.check(make("ge", BOOL, (m, const(1))))
            low.check(make("ge", BOOL, (n, const(0))))
            span = plus(times(minus(m, const(1)), const(op.filter_dilation[d])), const(1))
            if op.border_mode == "valid":
                before = after = const(0)
            elif op.border_mode == "full":
                before = after = minus(span, const(1))
            elif op.border_mode == "half":
                before = after = over(span, const(2))
            else:
                before, after = (const(p) for p in op.border_mode[d])
            room = minus(plus(n, plus(before, after)), span)
            low.check(make("ge", BOOL, (room, const(0))))
            self.pads.append(before)
            # Never negative: results get their memory before the check of the room is made.
            self.sizes.append(most(plus(over(room, const(op.subsample[d])), const(1)), const(0)))

    def planes(self) -> Geometry:
        """What belongs to the last two dimensions of volumes."""
        part = copy(self)
        part.pads, part.sizes = self.pads[1:], self.sizes[1:]
        return part


def divided(low: Lowering, n: Scalar, groups: int) -> Scalar:
    if groups == 1:
        return n
    low.check(make("eq", BOOL, (modulo(n, groups), const(0))))
    return over(n, const(groups))


def _convolve(
    low: Lowering,
    image: int,
    kernel: int,
    out: int,
    pads: Sequence[Scalar],
    stride: Sequence[int],
    step: Sequence[int],
    groups: int,
    group: Scalar,
    unit: int = 1,
) -> None:
    """One call of the routine: ``kernel`` is (filters, channels, rows, columns) of the first group, the next is ``group`` bytes on.

    A band has a multiple of ``unit`` rows, unless it is the last one.
    """
    from theon.codegen import pool, tile
    from theon.codegen.shared import LOCK

    dtype = low.tensors[image].dtype
    size, lane = item(dtype), tile.lanes(dtype)
    filters, channels, height, width = low.sizes_of(kernel)
    batch, _, lines, columns = low.sizes_of(out)
    threads = pool.budget()
    terms = times(channels, times(height, width))
    whole = rounded(filters, lane)
    pitch = plus(times(minus(columns, const(1)), const(stride[1])), plus(times(_less(width), const(step[1])), const(1)))
    tall = plus(times(_less(height), const(step[0])), const(1))
    # Rows of the result in a band: as many as fit, but bands enough for all threads.
    line = times(const(size), plus(times(channels, times(pitch, const(stride[0]))), times(columns, whole)))
    fit = over(const(_WORKSPACE), most(line, const(1)))
    fair = over(times(lines, most(batch, const(1))), const(4 * threads)) if threads > 1 else lines
    band = least(fit, fair)
    if unit > 1:
        band = most(times(over(band, const(unit)), const(unit)), const(unit))
    band = most(least(band, lines), const(1))
    deep = plus(times(minus(band, const(1)), const(stride[0])), tall)
    inside = rounded(times(channels, times(deep, most(pitch, const(0)))), 64)
    places = rounded(times(band, columns), 8)
    slot = plus(times(plus(inside, times(places, whole)), const(size)), const(LOCK + 64))
    slot = rounded(slot, 64)
    table, packed, slots = workspace(
        low,
        [
            (INDEX, plus(terms, places)),
            (dtype, times(times(terms, whole), const(groups))),
            ("uint8", times(slot, const(threads))),
        ],
    )
    numbers = (
        *pads, *map(const, stride), *map(const, step), const(groups), group, band, const(threads), slot, *NOTHING,
    )  # fmt: skip
    low.steps.append(NativeCall("conv", (image, kernel), (out, table, packed, slots), numbers, (unit,), 0))


def _less(n: Scalar) -> Scalar:
    return most(minus(n, const(1)), const(0))


@lowers("AbstractConv2d")
def forward(low: Lowering, node: Apply) -> None:
    """Images times filters, flipped by strides."""
    op: Any = node.op
    if op.unshared:
        from theon.schedule import unshared

        unshared.forward(low, node)
        return
    (out,) = node.outputs
    dtype, x, w = factors(low, node)
    geometry = fitted(low, op, x, w)
    sizes = (low.sizes_of(x)[0], low.sizes_of(w)[0], *geometry.sizes)
    if only_sized(low, out, sizes):
        return
    number = low.fresh(out, dtype, sizes)
    convolved(low, op, x, w, number, geometry, pooled_rows(low, out))
    low.memory[out] = number


def fitted(low: Lowering, op: Any, x: int, w: int) -> Geometry:
    """The geometry of images and filters, which must have the shapes that were given, and channels that fit."""
    image, kernel = low.sizes_of(x), low.sizes_of(w)
    for known, sizes in ((op.imshp, image), (op.kshp, kernel)):
        for n, wanted in zip(sizes, known or ()):
            if wanted is not None:
                low.same(n, const(wanted))
    low.same(image[1], times(kernel[1], const(op.num_groups)))
    return Geometry(low, op, image[2:], kernel[2:])


def convolved(low: Lowering, op: Any, x: int, w: int, number: int, geometry: Geometry, unit: int = 1) -> None:
    """Compute the convolution of images into a tensor."""
    kernel, groups = low.sizes_of(w), op.num_groups
    per = divided(low, kernel[0], groups)
    steps = low.strides_of(w)
    turned = _flipped(low, w, op.filter_flip)
    view = low.view(turned, (per, *kernel[1:]), low.strides_of(turned), low.offset_of(turned))
    group = times(per, steps[0])

    def sums() -> None:
        pads, step = geometry.pads, op.filter_dilation
        _convolve(low, x, view, number, pads, op.subsample, step, groups, group, unit)

    def others() -> None:
        if _takes_every_place(op):
            convolve_tiles(low, x, view, number, geometry.pads, groups, group, unit, sums)
        else:
            sums()

    def each() -> None:
        _by_channels(low, "depthwise", (x, turned), number, geometry.pads, op.subsample, (1, 1), op.filter_dilation)

    _by_groups(low, op, per, kernel[1], each, others)


def _takes_every_place(op: Any) -> bool:
    return tuple(op.subsample) == tuple(op.filter_dilation) == (1, 1)


def _flipped(low: Lowering, w: int, flip: bool) -> int:
    return backwards(low, w, 2, 3) if flip else w


class _Phase:
    """The places of the image whose distance from the border leaves rest ``r`` by the stride, and the taps that reach them."""

    def __init__(self, r: int, n: Scalar, m: Scalar, pad: Scalar, stride: int, dilation: int) -> None:
        self.start = modulo(minus(const(r), pad), stride)
        self.count = most(over(plus(minus(n, self.start), const(stride - 1)), const(stride)), const(0))
        first = over(minus(plus(self.start, pad), const(r)), const(stride))
        self.step = stride // math.gcd(stride, dilation)
        self.apart = self.step * dilation // stride
        taps = [i for i in range(self.step) if i * dilation % stride == r]
        self.tap = taps[0] if taps else 0
        ahead = (self.tap * dilation - r) // stride
        some = over(plus(minus(m, const(self.tap)), const(self.step - 1)), const(self.step))
        self.taps = most(some, const(0)) if taps else const(0)
        self.last = minus(self.taps, const(1))
        # Taps count backwards, from the one that reads the earliest place of the result.
        self.pad = minus(plus(const(ahead), times(self.last, const(self.apart))), first)


@lowers("AbstractConv2d_gradInputs")
def image_gradient(low: Lowering, node: Apply) -> None:
    """The result's gradient times filters, added where they reach."""
    op: Any = node.op
    if op.unshared:
        from theon.schedule import unshared

        unshared.image_gradient(low, node)
        return
    sizes = node.inputs[2]
    (out,) = node.outputs
    image = elements(low, sizes, 2)
    dtype, w, g = factors(low, node)
    kernel, slopes = low.sizes_of(w), low.sizes_of(g)
    geometry = Geometry(low, op, image, kernel[2:])
    low.same(slopes[1], kernel[0])
    low.all_same(slopes[2:], geometry.sizes)
    number = low.fresh(out, dtype, (slopes[0], times(kernel[1], const(op.num_groups)), *image))
    image_slopes(low, op, w, g, number, geometry)
    low.memory[out] = number


def image_slopes(low: Lowering, op: Any, w: int, g: int, number: int, geometry: Geometry) -> None:
    """Compute the images' gradient into a tensor, in one of several ways, by sizes known when the function runs."""
    kernel, groups = low.sizes_of(w), op.num_groups
    per = divided(low, kernel[0], groups)
    # The image's gradient is a convolution of the result's, spread by the stride, with the filters turned round.
    turned = _flipped(low, w, not op.filter_flip)
    spans = [times(minus(m, const(1)), const(d)) for m, d in zip(kernel[2:], op.filter_dilation)]
    pads = [minus(span, pad) for span, pad in zip(spans, geometry.pads)]

    def sums() -> None:
        outer, low.steps = low.steps, []
        _by_phases(low, op, w, g, number, geometry, per)
        direct, low.steps = low.steps, []
        _by_spreading(low, op, w, g, number, geometry, per)
        spread, low.steps = low.steps, outer
        low.steps.append(Branch(_spreading_is_cheaper(low, op, w, g, number), tuple(spread), tuple(direct)))

    def others() -> None:
        if _takes_every_place(op):
            along = low.strides_of(turned)
            view = low.view(
                turned, (kernel[1], per, *kernel[2:]), (along[1], along[0], *along[2:]), low.offset_of(turned)
            )
            spreading = _cost_of_spreading(low, op, w, g)
            convolve_tiles(low, g, view, number, pads, groups, times(per, along[0]), 1, sums, spreading)
        else:
            sums()

    def each() -> None:
        _by_channels(low, "depthwise", (g, turned), number, pads, (1, 1), op.subsample, op.filter_dilation)

    _by_groups(low, op, per, kernel[1], each, others)


def _by_groups(
    low: Lowering, op: Any, per: Scalar, channels: Scalar, each: Callable[[], None], others: Callable[[], None]
) -> None:
    """Where each group is one channel and one filter, the steps of ``each``, else those of ``others``."""
    if op.num_groups == 1:
        others()
        return
    outer, low.steps = low.steps, []
    each()
    single, low.steps = low.steps, []
    others()
    several, low.steps = low.steps, outer
    one = make("and", BOOL, (make("eq", BOOL, (per, const(1))), make("eq", BOOL, (channels, const(1)))))
    low.steps.append(Branch(one, tuple(single), tuple(several)))


def _by_channels(
    low: Lowering,
    name: str,
    inputs: tuple[int, int],
    number: int,
    pads: Sequence[Scalar],
    stride: Sequence[int],
    spread: Sequence[int],
    step: Sequence[int],
) -> None:
    """One call of the routine of :mod:`theon.codegen.depthwise`."""
    from theon.codegen import depthwise, pool, tile
    from theon.codegen.shared import LOCK

    dtype = low.tensors[number].dtype
    size, lane, threads = item(dtype), tile.lanes(dtype), pool.budget()
    places, taps = (number, inputs[1]) if name == "depthwise" else (inputs[1], number)
    lines, columns = low.sizes_of(places)[2:]
    height, width = low.sizes_of(taps)[2:]
    wide, tall = rounded(columns, lane), rounded(lines, depthwise.ROWS)
    # The image's plane, the result's gradient, the sums and the offset of each element of the filter.
    pitch = plus(plus(wide, over(times(_less(width), const(step[1])), const(stride[1]))), const(2 * lane))
    deep = plus(times(tall, const(stride[0])), times(_less(height), const(step[0])))
    plane = plus(times(times(pitch, const(stride[1])), deep), const(2 * lane))
    sums = times(plus(times(height, width), const(depthwise.ROWS + 4)), const(lane + 2))
    room = plus(plane, plus(times(wide, tall), sums))
    slot = rounded(plus(times(room, const(size)), const(LOCK + 64)), 64)
    (slots,) = workspace(low, [("uint8", times(slot, const(threads)))])
    scalars = (*pads, *map(const, stride), *map(const, spread), *map(const, step), const(threads), slot, *NOTHING)
    low.steps.append(NativeCall(name, inputs, (number, slots), scalars, (), 0))


def _cost_of_spreading(low: Lowering, op: Any, w: int, g: int) -> Scalar:
    """Products for an image, lanes without use among them, and what adding the columns up costs."""
    from theon.codegen import pool, tile

    filters, channels, height, width = low.sizes_of(w)
    batch, _, lines, columns = low.sizes_of(g)
    columns_ = times(channels, times(height, width))
    held = rounded(columns_, tile.lanes(low.tensors[w].dtype))
    products = plus(times(over(filters, const(op.num_groups)), held), times(columns_, const(_ADDING)))
    # Threads share images and groups alone: where these do not go round, some of them wait.
    chunks, threads = most(times(batch, const(op.num_groups)), const(1)), const(pool.budget())
    turns = over(plus(chunks, minus(threads, const(1))), threads)
    return over(times(times(times(lines, columns), products), times(turns, threads)), chunks)


def _spreading_is_cheaper(low: Lowering, op: Any, w: int, g: int, number: int) -> Scalar:
    """Compare it with sums of products."""
    from theon.codegen import tile

    filters, channels, height, width = low.sizes_of(w)
    image = low.sizes_of(number)
    # Every place of the image is reached by its share of the taps.
    taps = times(times(image[2], image[3]), times(height, width))
    share = over(taps, const(op.subsample[0] * op.subsample[1]))
    held = rounded(channels, tile.lanes(low.tensors[w].dtype))
    direct = times(times(share, over(filters, const(op.num_groups))), held)
    return make("lt", BOOL, (_cost_of_spreading(low, op, w, g), direct))


def _by_spreading(low: Lowering, op: Any, w: int, g: int, number: int, geometry: Geometry, per: Scalar) -> None:
    from theon.codegen import pool, tile
    from theon.codegen.shared import LOCK

    dtype = low.tensors[w].dtype
    size, lane, threads = item(dtype), tile.lanes(dtype), pool.budget()
    filters, channels, height, width = low.sizes_of(w)
    _, _, lines, columns = low.sizes_of(g)
    terms = times(channels, times(height, width))
    # One vector more, so that rows do not lie a power of two apart.
    pitch = plus(rounded(terms, lane), const(lane))
    line = times(times(columns, pitch), const(2 * size))
    band = most(least(over(const(_WORKSPACE), most(line, const(1))), lines), const(1))
    places = rounded(times(band, columns), 8)
    slot = plus(
        times(times(places, pitch), const(2 * size)), plus(times(plus(per, places), const(8)), const(LOCK + 128))
    )
    slot = rounded(slot, 64)
    packed, slots = workspace(low, [(dtype, times(filters, pitch)), ("uint8", times(slot, const(threads)))])
    numbers = (
        *geometry.pads, *map(const, op.subsample), *map(const, op.filter_dilation), const(op.num_groups),
        const(op.filter_flip), band, const(threads), slot, pitch, *NOTHING,
    )  # fmt: skip
    low.steps.append(NativeCall("conv_spread", (w, g), (number, packed, slots), numbers, (), 0))


def _by_phases(low: Lowering, op: Any, w: int, g: int, number: int, geometry: Geometry, per: Scalar) -> None:
    """For each rest by the strides, a convolution of the result's gradient with those taps that reach there."""
    kernel, slopes, groups = low.sizes_of(w), low.sizes_of(g), op.num_groups
    image = low.sizes_of(number)[2:]
    steps, offset = low.strides_of(w), low.offset_of(w)
    own, start = low.strides_of(number), low.offset_of(number)
    for r in range(op.subsample[0]):
        for c in range(op.subsample[1]):
            phases = [
                _Phase(rest, n, m, pad, s, d)
                for rest, n, m, pad, s, d in zip(
                    (r, c), image, kernel[2:], geometry.pads, op.subsample, op.filter_dilation
                )
            ]
            at, place = offset, start
            along, spread = [], []
            for d, p in enumerate(phases, 2):
                before = plus(const(p.tap), times(p.last, const(p.step)))
                if op.filter_flip:
                    before = minus(minus(kernel[d], const(1)), before)
                at = plus(at, times(before, steps[d]))
                along.append(times(steps[d], const(p.step if op.filter_flip else -p.step)))
                place = plus(place, times(p.start, own[d]))
                spread.append(times(own[d], const(op.subsample[d - 2])))
            view = low.view(w, (kernel[1], per, *(p.taps for p in phases)), (steps[1], steps[0], *along), at)
            target = low.view(
                number, (slopes[0], low.sizes_of(number)[1], *(p.count for p in phases)), (*own[:2], *spread), place
            )
            apart = [p.apart for p in phases]
            _convolve(low, g, view, target, [p.pad for p in phases], (1, 1), apart, groups, times(per, steps[0]))


@lowers("AbstractConv2d_gradWeights")
def filter_gradient(low: Lowering, node: Apply) -> None:
    """Sums over blocks of places, image after image."""
    op: Any = node.op
    if op.unshared:
        from theon.schedule import unshared

        unshared.filter_gradient(low, node)
        return
    sizes = node.inputs[2]
    (out,) = node.outputs
    kernel = elements(low, sizes, 2)
    dtype, x, g = factors(low, node)
    image, slopes = low.sizes_of(x), low.sizes_of(g)
    geometry = Geometry(low, op, image[2:], kernel)
    low.same(image[0], slopes[0])
    low.all_same(slopes[2:], geometry.sizes)
    number = low.fresh(out, dtype, (slopes[1], divided(low, image[1], op.num_groups), *kernel))
    filter_slopes(low, op, x, g, number, geometry)
    low.memory[out] = number


def filter_slopes(low: Lowering, op: Any, x: int, g: int, number: int, geometry: Geometry) -> None:
    """Compute the filters' gradient into a tensor."""
    groups = op.num_groups
    channels, filters = (divided(low, low.sizes_of(t)[1], groups) for t in (x, g))

    def each() -> None:
        turned = _flipped(low, number, op.filter_flip)
        _by_channels(low, "depthwise_weights", (x, g), turned, geometry.pads, op.subsample, (1, 1), op.filter_dilation)

    def sums() -> None:
        _sums_of_blocks(low, op, x, g, number, geometry, channels, filters)

    def others() -> None:
        if _takes_every_place(op):
            sums_of_tiles(low, x, g, number, geometry.pads, groups, op.filter_flip, sums)
        else:
            sums()

    _by_groups(low, op, filters, channels, each, others)


def _sums_of_blocks(
    low: Lowering, op: Any, x: int, g: int, number: int, geometry: Geometry, channels: Scalar, filters: Scalar
) -> None:
    from theon.codegen import pool, tile
    from theon.codegen.shared import LOCK

    dtype, groups = low.tensors[number].dtype, op.num_groups
    slopes, kernel = low.sizes_of(g), low.sizes_of(number)[2:]
    size, lane = item(dtype), tile.lanes(dtype)
    threads = pool.budget()
    lines, columns = slopes[2:]
    height, width = kernel
    pitch, tall = (
        plus(
            times(_less(n) if d else const(0), const(op.subsample[d])),
            plus(times(minus(m, const(1)), const(op.filter_dilation[d])), const(1)),
        )
        for d, n, m in ((1, columns, width), (0, lines, height))
    )
    line = times(const(size), times(channels, times(pitch, const(op.subsample[0]))))
    fit = over(const(_WORKSPACE), most(line, const(1)))
    short = over(const(_PLACES), most(columns, const(1)))
    band = most(least(least(fit, short), lines), const(1))
    deep = plus(times(minus(band, const(1)), const(op.subsample[0])), tall)
    terms = rounded(times(channels, times(height, width)), 8)
    places = times(band, columns)
    inside = rounded(times(channels, times(deep, pitch)), 64)
    slot = plus(times(plus(inside, times(places, const(3 * lane))), const(size)), const(LOCK + 64))
    slot = rounded(slot, 64)
    sums_size = times(times(terms, rounded(filters, lane)), const(groups))
    # As many parts as there is room for their sums: the rest of the work is divided by filters.
    bands = over(plus(lines, minus(band, const(1))), band)
    room = over(const(_SUMS), most(times(sums_size, const(size)), const(1)))
    parts = most(least(least(times(slopes[0], bands), const(_PARTS)), room), const(1))
    slices = most(least(over(const(_PARTS), parts), over(rounded(filters, lane), const(lane))), const(1))
    table, sums, slots = workspace(
        low,
        [(INDEX, plus(terms, places)), (dtype, times(sums_size, parts)), ("uint8", times(slot, const(threads)))],
    )
    numbers = (
        *geometry.pads, *map(const, op.subsample), *map(const, op.filter_dilation), const(groups), const(op.filter_flip),
        band, const(threads), slot, parts, slices,
    )  # fmt: skip
    low.steps.append(NativeCall("conv_weights", (x, g), (number, table, sums, slots), numbers, (), 0))
