"""Convolutions with filters of 3×3 and 5×5 by minimal filtering: fewer products, of sums of neighbours.

A tile of 4×4 places needs 36 products for each pair of a channel and a filter of 3×3, in place of 144, and one of 2×2 places
as many for a filter of 5×5, in place of 100: the image's tiles and the filters are transformed, multiplied element by element,
which for all channels, filters and tiles is one product of matrices for each element, and the results are transformed back
(A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2015). Vectors run along channels and along filters,
so that tiles may lie anywhere.
"""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.follow import call_after
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, call_tile, lanes, panels, pieces, rows
from theon.codegen.transforms import SIDE, apply, band, report, results, rounded, transforms

__all__ = ["FORWARD", "WEIGHTS", "forward_text", "weights_text"]

_DEPTH = 64  # channels summed at a time
_TOGETHER = 8  # channels whose filters are transformed at a time
FORWARD = "top left groups group tall many slots slot after frame".split()
WEIGHTS = "top left groups flip tall many slots slot parts".split()


def _plane(f: Function, places: Value, line: Value) -> Value:
    """Bytes from one plane to the next: not a power of two, for then all planes would meet in few sets of the cache."""
    return places * line + 64


def _packed(f: Function, vectors: Value, channels: Value, width: int) -> Value:
    """Bytes of the transformed filters of so many vectors, whatever their panels."""
    return vectors * (channels * width + 64) * (SIDE * SIDE)


@functools.cache
def forward_text(dtype: str, shared: bool, taps: int) -> str:
    """``out[n, f, y, x] = sum over c, i, j of w[f, c, i, j] * image[n, c, y - top + i, x - left + j]`` for i, j < taps."""
    return "\n".join(
        [
            pool.DECLARATIONS if shared else "",
            pieces(dtype),
            transforms(dtype, taps, ("filters", "results")),
            _filters_work(dtype, taps),
            _image(dtype, taps),
            _forward_work(dtype, taps),
            _forward_main(dtype, shared, taps),
        ]
    )


def _forward_main(dtype: str, shared: bool, taps: int) -> str:
    step = results(taps)
    item = KINDS[dtype][1]
    lane = lanes(dtype)
    f = Function(
        f"theon_conv_tiles{taps}_{dtype}",
        [(n, "ptr") for n in "x w out flag table packed slots numbers".split()],
        "i64",
    )
    w, out = Block(f, f["w"], 4), Block(f, f["out"], 4)
    flag, table, packed, slots = (f.load("ptr", f[n]) for n in ("flag", "table", "packed", "slots"))
    f.store(0, flag)
    v = numbers(f, f["numbers"], FORWARD)
    filters, channels = w.sizes[:2]
    batch, _, lines, columns = out.sizes
    with f.when((batch > 0) & (filters > 0) & (lines > 0) & (columns > 0)):
        vectors = (filters + (lane - 1)) // lane
        line = rounded(channels, lane) * item
        f.call(f"theon_offsets_{dtype}", table, 1, 0, 1, 0, channels, item, channels)
        bases = f.at(table, channels * 8)
        f.call(f"theon_offsets_{dtype}", bases, 1, 0, 1, 0, rows(), line, rows())
        with f.loop(v["slots"]) as i:
            f.store(0, slots, i * v["slot"])
        down, across = (lines + (step - 1)) // step, (columns + (step - 1)) // step
        bands = (down + v["tall"] - 1) // v["tall"]
        total = (batch + v["many"] - 1) // v["many"] * bands
        frame = f.room(8 * 16)
        for place, word in enumerate(
            (f["x"], f["w"], f["out"], table, packed, slots, f["numbers"], vectors, down, across, bands, total, flag)
        ):
            f.store(word, frame, 8 * place)
        units = v["groups"] * vectors
        run(f, f"theon_conv_tiles_filters_{dtype}", frame, units, units * lane * channels * 40, shared)
        chunks = f.smaller(v["slots"] * 4, total)
        weight = batch * lines * columns * channels * filters * v["groups"] * 3
        run(f, f"theon_conv_tiles_work_{dtype}", frame, chunks, weight, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _panel_of(f: Function, vectors: Value, at: Value) -> tuple[Value, Value]:
    """The first vector of the panel that a vector is in, and the vectors of the panel: as :func:`panels` divides them."""
    # All panels have three vectors but the last one or two.
    rest = vectors % 3
    lead = f.select(rest.same(1) & (vectors > 1), vectors - 4, vectors - rest)
    first = f.select(at < lead, at - at % 3, lead + (at - lead) // 2 * 2)
    count = f.select(at < lead, 3, f.smaller(vectors - first, 2))
    return first, count


def _filters_work(dtype: str, taps: int) -> str:
    """Transform the filters of one vector: laid out by panel, element, channel."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    f = Function(f"theon_conv_tiles_filters_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    w = Block(f, f.load("ptr", f["frame"], 8), 4)
    packed = f.load("ptr", f["frame"], 32)
    v = numbers(f, f.load("ptr", f["frame"], 48), FORWARD)
    vectors = f.load("i64", f["frame"], 56)
    filters, channels = w.sizes[:2]
    g, at = f["chunk"] // vectors, f["chunk"] % vectors
    first, count = _panel_of(f, vectors, at)
    width = lane * item
    into = f.at(
        packed, g * _packed(f, vectors, channels, width) + _packed(f, first, channels, width) + (at - first) * width
    )
    known = f.smaller(filters - at * lane, lane)
    # Several channels at a time: numbers that have just been written one by one are not read as a vector at once.
    each = taps * taps * width
    corner = f.room(_TOGETHER * each)
    with f.loop(_TOGETHER * each, 0, width) as place:
        f.store(Value(f, vector, "zeroinitializer"), corner, place, item)
    own = f.at(w.data, g * v["group"] + at * lane * w.strides[0])
    plane = _plane(f, channels, count * width)
    with f.loop(channels, 0, _TOGETHER) as start:
        here = f.smaller(channels - start, _TOGETHER)
        with f.loop(here) as c, f.loop(known) as n:
            source = f.at(own, n * w.strides[0] + (start + c) * w.strides[1])
            target = f.at(corner, c * each + n * item)
            with f.loop(taps) as i, f.loop(taps) as j:
                value = f.load(kind, source, i * w.strides[2] + j * w.strides[3])
                f.store(value, target, (i * taps + j) * width)
        with f.loop(here) as c:
            given = f.at(corner, c * each)
            target = f.at(into, (start + c) * count * width)
            apply(f, dtype, "filters", (target, plane * SIDE, plane), (given, taps * width, width))
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _image(dtype: str, taps: int) -> str:
    """Transform the products of an image's band and a panel of filters back, and write those places that there are."""
    item = KINDS[dtype][1]
    step, width = results(taps), lanes(dtype) * item
    names = "to out places from seen plane line down across lines filters".split()
    pointers = ("to", "out", "places", "from", "seen")
    f = Function(f"theon_winograd_image_{dtype}", [(n, "ptr" if n in pointers else "i64") for n in names])
    out, line, places = Block(f, f["out"], 4), f["line"], f["places"]
    columns, pitch = out.sizes[3], f["across"] * step
    with f.loop(f["down"]) as y, f.loop(f["across"]) as x, f.loop(line, 0, width) as at:
        source = f.at(f["from"], (y * f["across"] + x) * line + at)
        place = f.at(places, (y * pitch + x) * step * line + at)
        apply(f, dtype, "results", (place, pitch * line, line), (source, f["plane"] * SIDE, f["plane"]), f["seen"])
    flat = out.strides[2].same(columns * out.strides[3]) & columns.same(pitch)
    rows_, size = f.select(flat, 1, f["lines"]), f.select(flat, f["lines"] * columns, columns)
    with f.loop(rows_) as y:
        f.call(
            f"theon_turn_{dtype}", f.at(f["to"], y * out.strides[2]), out.strides[1], out.strides[3],
            f.at(places, y * pitch * line), line, item, size, f["filters"],
        )  # fmt: skip
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _forward_work(dtype: str, taps: int) -> str:
    step = results(taps)
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    width = lane * item
    f = Function(f"theon_conv_tiles_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    words = [f.load("ptr", f["frame"], 8 * i) for i in range(7)]
    vectors, down, across, bands, total = (f.load("i64", f["frame"], 8 * i) for i in range(7, 12))
    x, w, out = Block(f, words[0], 4), Block(f, words[1], 4), Block(f, words[2], 4)
    table, packed, slots = words[3:6]
    v = numbers(f, words[6], FORWARD)
    filters, channels = w.sizes[:2]
    batch, lines = out.sizes[0], out.sizes[2]
    line = rounded(channels, lane) * item
    bases = f.at(table, channels * 8)
    slot = take_slot(f, slots, v["slots"], v["slot"])
    image = f.at(slot, LOCK)
    pitch = across * step + (taps - 1)
    deep = v["tall"] * step + (taps - 1)
    turned = f.at(image, rounded(channels * deep * pitch * item, 64))
    data = f.at(turned, deep * pitch * line)
    most = rounded(v["many"] * v["tall"] * across, rows())
    products = f.at(data, _plane(f, most, line) * (SIDE * SIDE))
    places = f.at(products, _plane(f, most, f.value(3 * width, "i64")) * (SIDE * SIDE))
    seen = f.room(width)
    f.store(Value(f, f"<{lane} x {kind}>", "zeroinitializer"), seen, 0, item)
    first, last = total * f["chunk"] // f["chunks"], total * (f["chunk"] + 1) // f["chunks"]
    with f.loop(last, first) as block, f.loop(v["groups"]) as g:
        image_, start = block // bands * v["many"], block % bands * v["tall"]
        count, here = f.smaller(v["many"], batch - image_), f.smaller(v["tall"], down - start)
        each = here * across
        tiles = count * each
        whole = rounded(tiles, rows())
        plane = _plane(f, whole, line)
        with f.loop(count) as i:
            source = f.at(x.data, (image_ + i) * x.strides[0] + g * channels * x.strides[1])
            band(
                f, dtype, "tiles", f.at(data, i * each * line), plane, words[0], source, channels, start * step - v["top"],
                0 - v["left"], here * step + (taps - 1), pitch, image, turned, here, across, step,
            )  # fmt: skip

        steps = f.larger((channels + (_DEPTH - 1)) // _DEPTH, 1)

        def panel(at: Value, n: Value) -> None:
            row = n * width
            apart = _plane(f, whole, row)
            factors = f.at(packed, g * _packed(f, vectors, channels, width) + _packed(f, at, channels, width))
            own = _plane(f, channels, row)
            # Sums of some channels at a time: their errors grow with the length of a sum.
            with f.loop(SIDE * SIDE) as k, f.loop(steps) as part:
                first = channels * part // steps
                depth = channels * (part + 1) // steps - first
                source = f.at(data, k * plane + first * item)
                line_ = f.at(factors, k * own + first * row)
                with f.loop(whole, 0, rows()) as t:
                    call_tile(
                        f, dtype, n, f.at(source, t * line), bases, table, depth, line_, row,
                        f.at(products, k * apart + t * row), row, part > 0,
                    )  # fmt: skip
            known = f.smaller(n * lane, filters - at * lane)
            shown = f.smaller(here * step, lines - start * step)
            with f.loop(count) as i:
                target = f.at(
                    out.data,
                    (image_ + i) * out.strides[0]
                    + (g * filters + at * lane) * out.strides[1]
                    + start * step * out.strides[2],
                )
                f.call(
                    f"theon_winograd_image_{dtype}", target, words[2], places, f.at(products, i * each * row), seen, apart, row,
                    here, across, shown, known,
                )  # fmt: skip

        panels(f, vectors, panel)
        with f.when((g + 1).same(v["groups"])), f.loop(count) as i:
            known = f.smaller(here * step, lines - start * step)
            end = f.select((start + here).same(down), 1, 0)
            call_after(f, v, image_ + i, f.value(0, "i64"), out.sizes[1], start * step, known, end)
    report(f, dtype, f.load(f"<{lane} x {kind}>", seen, 0, item), f.load("ptr", f["frame"], 96))
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


@functools.cache
def weights_text(dtype: str, shared: bool, taps: int) -> str:
    """``out[f, c, i, j] = sum over n, y, x of g[n, f, y, x] * image[n, c, y - top + i, x - left + j]`` for i, j < taps.

    Tiles of ``g`` are the filters. Blocks of tiles are divided into a fixed number of parts, whose sums are added in order: the
    same bits for any number of threads.
    """
    return "\n".join(
        [
            pool.DECLARATIONS if shared else "",
            pieces(dtype),
            transforms(dtype, taps, ("slopes", "sums")),
            _weights_work(dtype, taps),
            _sums_work(dtype, taps),
            _weights_main(dtype, shared, taps),
        ]
    )


def _weights_main(dtype: str, shared: bool, taps: int) -> str:
    step = results(taps)
    item = KINDS[dtype][1]
    lane = lanes(dtype)
    f = Function(
        f"theon_conv_tiles{taps}_weights_{dtype}",
        [(n, "ptr") for n in "x g out flag table sums slots numbers".split()],
        "i64",
    )
    g, out = Block(f, f["g"], 4), Block(f, f["out"], 4)
    flag, table, sums, slots = (f.load("ptr", f[n]) for n in ("flag", "table", "sums", "slots"))
    f.store(0, flag)
    v = numbers(f, f["numbers"], WEIGHTS)
    channels, filters = out.sizes[1], out.sizes[0] // v["groups"]
    batch, _, lines, columns = g.sizes
    with f.when((channels > 0) & (filters > 0)):
        down, across = (lines + (step - 1)) // step, (columns + (step - 1)) // step
        bands = (down + v["tall"] - 1) // v["tall"]
        total = (batch + v["many"] - 1) // v["many"] * bands
        slope = rounded(filters, lane) * item
        most = v["many"] * v["tall"] * across
        f.call(f"theon_offsets_{dtype}", table, 1, 0, 1, 0, most, slope, most)
        bases = f.at(table, most * 8)
        f.call(f"theon_offsets_{dtype}", bases, 1, 0, 1, 0, rows(), item, rows())
        with f.loop(v["slots"]) as i:
            f.store(0, slots, i * v["slot"])
        frame = f.room(8 * 16)
        for place, word in enumerate(
            (f["x"], f["g"], f["out"], table, sums, slots, f["numbers"], down, across, bands, total, flag)
        ):
            f.store(word, frame, 8 * place)
        weight = batch * lines * columns * channels * out.sizes[0] * 3
        run(f, f"theon_conv_tiles_weights_work_{dtype}", frame, v["parts"], weight, shared)
        # parts * channels * ... sums to add
        run(f, f"theon_conv_tiles_sums_{dtype}", frame, out.sizes[0], channels * out.sizes[0] * v["parts"] * 40, shared)
    f.emit("ret i64 0")
    return f.text(attributes(), "")


def _weights_work(dtype: str, taps: int) -> str:
    step = results(taps)
    item = KINDS[dtype][1]
    lane = lanes(dtype)
    width = lane * item
    f = Function(
        f"theon_conv_tiles_weights_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64"
    )
    words = [f.load("ptr", f["frame"], 8 * i) for i in range(7)]
    down, across, bands, total = (f.load("i64", f["frame"], 8 * i) for i in range(7, 11))
    x, g, out = Block(f, words[0], 4), Block(f, words[1], 4), Block(f, words[2], 4)
    table, all_sums, slots = words[3:6]
    v = numbers(f, words[6], WEIGHTS)
    channels, filters = out.sizes[1], out.sizes[0] // v["groups"]
    batch = g.sizes[0]
    line, slope = rounded(channels, lane) * item, rounded(filters, lane) * item
    vectors = (channels + (lane - 1)) // lane
    most = v["many"] * v["tall"] * across
    bases = f.at(table, most * 8)
    slot = take_slot(f, slots, v["slots"], v["slot"])
    image = f.at(slot, LOCK)
    deep, pitch = v["tall"] * step + (taps - 1), across * step + (taps - 1)
    wide = f.larger(line, slope)
    turned = f.at(image, deep * pitch * wide)
    data = f.at(turned, deep * pitch * wide)
    slopes = f.at(data, _plane(f, most, line) * (SIDE * SIDE))
    some = rounded(filters, rows())
    apart = _plane(f, some, line)
    size = v["groups"] * apart * (SIDE * SIDE)
    sums = f.at(all_sums, f["chunk"] * size)
    first, last = total * f["chunk"] // f["chunks"], total * (f["chunk"] + 1) // f["chunks"]
    with f.loop(last, first) as block, f.loop(v["groups"]) as k:
        image_, start = block // bands * v["many"], block % bands * v["tall"]
        count, here = f.smaller(v["many"], batch - image_), f.smaller(v["tall"], down - start)
        each = here * across
        tiles = count * each
        with f.loop(count) as i:
            source = f.at(x.data, (image_ + i) * x.strides[0] + k * channels * x.strides[1])
            band(
                f, dtype, "tiles", f.at(data, i * each * line), _plane(f, tiles, line), words[0], source, channels,
                start * step - v["top"], 0 - v["left"], here * step + (taps - 1), pitch, image, turned, here, across, step,
            )  # fmt: skip
            source = f.at(g.data, (image_ + i) * g.strides[0] + k * filters * g.strides[1])
            band(
                f, dtype, "slopes", f.at(slopes, i * each * slope), _plane(f, tiles, slope), words[1], source, filters,
                start * step, 0, here * step, across * step, image, turned, here, across, step,
            )  # fmt: skip
        own = f.at(sums, k * apart * (SIDE * SIDE))
        keep = block > first

        def panel(at: Value, n: Value) -> None:
            with f.loop(SIDE * SIDE) as e, f.loop(some, 0, rows()) as r:
                call_tile(
                    f, dtype, n, f.at(slopes, e * _plane(f, tiles, slope) + r * item), bases, table, tiles,
                    f.at(data, e * _plane(f, tiles, line) + at * width), line, f.at(own, e * apart + r * line + at * width), line, keep,
                )  # fmt: skip

        panels(f, vectors, panel)
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _sums_work(dtype: str, taps: int) -> str:
    """Add up the parts of a filter's sums in order and transform them back."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    width = lane * item
    vector = f"<{lane} x {kind}>"
    f = Function(f"theon_conv_tiles_sums_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    out = Block(f, f.load("ptr", f["frame"], 16), 4)
    sums = f.load("ptr", f["frame"], 32)
    v = numbers(f, f.load("ptr", f["frame"], 48), WEIGHTS)
    channels, filters = out.sizes[1], out.sizes[0] // v["groups"]
    line = rounded(channels, lane) * item
    some = rounded(filters, rows())
    k, r = f["chunk"] // filters, f["chunk"] % filters
    plane = _plane(f, some, line)
    size = v["groups"] * plane * (SIDE * SIDE)
    seen = f.room(width)
    f.store(Value(f, vector, "zeroinitializer"), seen, 0, item)
    own = f.at(sums, k * plane * (SIDE * SIDE) + r * line)
    corner = f.room(SIDE * SIDE * width)
    target = f.at(out.data, f["chunk"] * out.strides[0])
    with f.loop(line, 0, width) as at:
        here = f.at(own, at)
        with f.loop(SIDE * SIDE) as e:
            total = f.variable(vector, f.load(vector, here, e * plane, item))
            with f.loop(v["parts"], 1) as part:
                total.set(total.get() + f.load(vector, here, e * plane + part * size, item))
            f.store(total.get(), corner, e * width, item)
        apply(f, dtype, "sums", (corner, taps * width, width), (corner, SIDE * width, width), seen)
        # Turned filters are counted from their other end.
        start = at // item
        with f.loop(f.smaller(channels - start, lane)) as c, f.loop(taps) as y, f.loop(taps) as x:
            row, column = (f.select(v["flip"] > 0, (taps - 1) - n, n) for n in (y, x))
            value = f.load(kind, corner, (row * taps + column) * width + c * item)
            f.store(value, target, (start + c) * out.strides[1] + y * out.strides[2] + x * out.strides[3])
    report(f, dtype, f.load(vector, seen, 0, item), f.load("ptr", f["frame"], 88))
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())
