"""Routines for convolutions in two dimensions: images in bands, tiles of sums in registers, shared between threads.

Tensors come as blocks of words (data, sizes, strides), numbers as the fields of :data:`FORWARD` and :data:`WEIGHTS`.
"""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.follow import call_after
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, call_tile, lanes, panels, pieces, rows

__all__ = ["FORWARD", "WEIGHTS", "forward_text", "weights_text"]

_DEPTH = 512  # products summed in registers at a time, so that what they read stays in the cache
FORWARD = "top left stride_y stride_x step_y step_x groups group band slots slot after frame".split()
WEIGHTS = "top left stride_y stride_x step_y step_x groups flip band slots slot parts slices".split()


def _rounded(x: Value, to: int) -> Value:
    return (x + (to - 1)) & -to


def _whole_rows(f: Function, image: Block, columns: Value, body: object, lines: Value) -> None:
    """Call ``body(first place, number of places, byte offset)`` once where rows follow each other in memory, else row by row."""
    flat = image.strides[2].same(columns * image.strides[3])
    with f.when(flat):
        body(f.value(0, "i64"), lines * columns, f.value(0, "i64"))  # type: ignore[operator]
    with f.unless(flat), f.loop(lines) as y:
        body(y * columns, columns, y * image.strides[2])  # type: ignore[operator]


@functools.cache
def forward_text(dtype: str, shared: bool) -> str:
    """``out[n, f, y, x] = sum over c, i, j of w[f, c, i, j] * image[n, c, y stride - top + i step, x stride - left + j step]``."""
    return "\n".join(
        [pool.DECLARATIONS if shared else "", pieces(dtype), _forward_work(dtype), _forward_main(dtype, shared)]
    )


def _forward_main(dtype: str, shared: bool) -> str:
    kind, item = KINDS[dtype]
    f = Function(f"theon_conv_{dtype}", [(n, "ptr") for n in "x w out table packed slots numbers".split()], "i64")
    _x, w, out = Block(f, f["x"], 4), Block(f, f["w"], 4), Block(f, f["out"], 4)
    table, packed, slots = (f.load("ptr", f[n]) for n in ("table", "packed", "slots"))
    v = numbers(f, f["numbers"], FORWARD)
    filters, channels, height, width = w.sizes
    batch, _, lines, columns = out.sizes
    some = (batch > 0) & (filters > 0) & (lines > 0) & (columns > 0)
    with f.when(some):
        terms = channels * height * width
        lane = lanes(dtype)
        vectors = (filters + (lane - 1)) // lane
        pitch = (columns - 1) * v["stride_x"] + f.larger(width - 1, 0) * v["step_x"] + 1
        deep = (v["band"] - 1) * v["stride_y"] + f.larger(height - 1, 0) * v["step_y"] + 1
        f.call(
            f"theon_offsets_{dtype}", table, channels, deep * pitch * item, height, v["step_y"] * pitch * item,
            width, v["step_x"] * item, terms,
        )  # fmt: skip
        bases = f.at(table, terms * 8)
        places = v["band"] * columns
        f.call(
            f"theon_offsets_{dtype}", bases, 1, 0, v["band"], v["stride_y"] * pitch * item, columns,
            v["stride_x"] * item, _rounded(places, rows()),
        )  # fmt: skip
        with f.loop(v["groups"]) as g:
            own = f.at(w.data, g * v["group"])
            room = f.at(packed, g * terms * vectors * (lane * item))

            def panel(first: Value, count: Value, own: Value = own, room: Value = room) -> None:
                into = f.at(room, first * terms * (lane * item))
                wide, start = count * lane, first * lane
                known = f.smaller(wide, filters - start)
                with f.loop(channels) as c, f.loop(height) as i, f.loop(width) as j:
                    line = f.at(into, ((c * height + i) * width + j) * wide * item)
                    source = f.at(own, start * w.strides[0] + c * w.strides[1] + i * w.strides[2] + j * w.strides[3])
                    with f.loop(known) as k:
                        f.store(f.load(kind, source, k * w.strides[0]), line, k * item)
                    with f.loop(wide, known) as k:
                        f.store(Value(f, kind, "zeroinitializer"), line, k * item)

            panels(f, vectors, panel)
        with f.loop(v["slots"]) as i:
            f.store(0, slots, i * v["slot"])
        bands = (lines + v["band"] - 1) // v["band"]
        total = batch * bands
        frame = f.room(8 * 16)
        for place, word in enumerate(
            (f["x"], f["w"], f["out"], table, packed, slots, f["numbers"], terms, vectors, pitch, deep, bands, total)
        ):
            f.store(word, frame, 8 * place)
        chunks = f.smaller(v["slots"] * 4, total)
        run(
            f,
            f"theon_conv_work_{dtype}",
            frame,
            chunks,
            batch * lines * columns * terms * filters * v["groups"],
            shared,
        )
    f.emit("ret i64 0")
    return f.text(linkage="")


def _forward_work(dtype: str) -> str:
    item = KINDS[dtype][1]
    f = Function(f"theon_conv_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    words = [f.load("ptr", f["frame"], 8 * i) for i in range(7)]
    terms, vectors, pitch, deep, bands, total = (f.load("i64", f["frame"], 8 * i) for i in range(7, 13))
    x, w, out = Block(f, words[0], 4), Block(f, words[1], 4), Block(f, words[2], 4)
    table, packed, slots = words[3:6]
    v = numbers(f, words[6], FORWARD)
    filters, channels = w.sizes[:2]
    lines, columns = out.sizes[2:]
    vector = lanes(dtype) * item
    bases = f.at(table, terms * 8)
    slot = take_slot(f, slots, v["slots"], v["slot"])
    image = f.at(slot, LOCK)
    sums = f.at(image, _rounded(channels * deep * pitch * item, 64))
    row = vectors * vector
    first, last = total * f["chunk"] // f["chunks"], total * (f["chunk"] + 1) // f["chunks"]
    with f.loop(last, first) as block, f.loop(v["groups"]) as g:
        n, start = block // bands, block % bands * v["band"]
        here = f.smaller(v["band"], lines - start)
        source = f.at(x.data, n * x.strides[0] + g * channels * x.strides[1])
        f.call(
            f"theon_band_{dtype}", image, source, channels, x.strides[1], x.sizes[2], x.strides[2], x.sizes[3], x.strides[3],
            start * v["stride_y"] - v["top"], 0 - v["left"], deep, pitch,
        )  # fmt: skip
        own = f.at(packed, g * terms * row)
        steps = f.larger((terms + (_DEPTH - 1)) // _DEPTH, 1)
        with f.loop(steps) as step:
            t = terms * step // steps
            depth = terms * (step + 1) // steps - t

            def panel(
                at: Value, count: Value, own: Value = own, t: Value = t, depth: Value = depth, here: Value = here
            ) -> None:
                factors = f.at(own, (at * terms + t * count) * vector)
                with f.loop(here * columns, 0, rows()) as p:
                    into = f.at(sums, p * row + at * vector)
                    arguments = (
                        image,
                        f.at(bases, p * 8),
                        f.at(table, t * 8),
                        depth,
                        factors,
                        count * vector,
                        into,
                        row,
                        t > 0,
                    )
                    call_tile(f, dtype, count, *arguments)

            panels(f, vectors, panel)
        target = f.at(out.data, n * out.strides[0] + g * filters * out.strides[1] + start * out.strides[2])

        def turned(place: Value, count: Value, offset: Value, target: Value = target) -> None:
            f.call(
                f"theon_turn_{dtype}", f.at(target, offset), out.strides[1], out.strides[3], f.at(sums, place * row), row,
                item, count, filters,
            )  # fmt: skip

        _whole_rows(f, out, columns, turned, here)
        with f.when((g + 1).same(v["groups"])):
            last = f.select((start + here).same(lines), 1, 0)
            call_after(f, v, n, f.value(0, "i64"), out.sizes[1], start, here, last)
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


@functools.cache
def weights_text(dtype: str, shared: bool) -> str:
    """``out[f, c, i, j] = sum over n, y, x of g[n, f, y, x] * image[n, c, y stride - top + i step, x stride - left + j step]``.

    Bands of images are divided into a fixed number of parts, whose sums are added in order, and filters into slices: the same
    bits for any number of threads.
    """
    return "\n".join(
        [pool.DECLARATIONS if shared else "", pieces(dtype), _weights_work(dtype), _weights_main(dtype, shared)]
    )


def _weights_main(dtype: str, shared: bool) -> str:
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    f = Function(f"theon_conv_weights_{dtype}", [(n, "ptr") for n in "x g out table sums slots numbers".split()], "i64")
    g, out = Block(f, f["g"], 4), Block(f, f["out"], 4)
    table, sums, slots = (f.load("ptr", f[n]) for n in ("table", "sums", "slots"))
    v = numbers(f, f["numbers"], WEIGHTS)
    _, channels, height, width = out.sizes
    batch, _, lines, columns = g.sizes
    filters = out.sizes[0] // v["groups"]
    terms = channels * height * width
    with f.when((terms > 0) & (filters > 0)):
        vectors = (filters + (lane - 1)) // lane
        whole = _rounded(terms, rows())
        pitch = f.larger(columns - 1, 0) * v["stride_x"] + (width - 1) * v["step_x"] + 1
        deep = (v["band"] - 1) * v["stride_y"] + (height - 1) * v["step_y"] + 1
        # Flipped filters are counted from their other end.
        last_y, last_x = (height - 1) * v["step_y"] * pitch * item, (width - 1) * v["step_x"] * item
        flip = v["flip"]
        sign = 1 - flip * 2
        f.call(
            f"theon_offsets_{dtype}", table, channels, deep * pitch * item, height, sign * v["step_y"] * pitch * item,
            width, sign * v["step_x"] * item, whole,
        )  # fmt: skip
        shift = flip * (last_y + last_x)
        with f.loop(terms) as k:
            f.store(f.load("i64", table, k * 8) + shift, table, k * 8)
        places = f.at(table, whole * 8)
        f.call(
            f"theon_offsets_{dtype}", places, 1, 0, v["band"], v["stride_y"] * pitch * item, columns, v["stride_x"] * item, 0,
        )  # fmt: skip
        with f.loop(v["slots"]) as i:
            f.store(0, slots, i * v["slot"])
        bands = (lines + v["band"] - 1) // v["band"]
        size = v["groups"] * whole * vectors * lane
        frame = f.room(8 * 16)
        words = (
            f["x"],
            f["g"],
            f["out"],
            table,
            sums,
            slots,
            f["numbers"],
            terms,
            vectors,
            pitch,
            deep,
            bands,
            whole,
            size,
        )
        for place, word in enumerate(words):
            f.store(word, frame, 8 * place)
        run(
            f,
            f"theon_conv_weights_work_{dtype}",
            frame,
            v["parts"] * v["slices"],
            batch * lines * columns * terms * out.sizes[0],
            shared,
        )
        vector = f"<{lane} x {kind}>"
        with f.loop(size * item, 0, lane * item) as at:
            total = f.variable(vector, f.load(vector, sums, at, item))
            with f.loop(v["parts"], 1) as part:
                total.set(total.get() + f.load(vector, sums, part * size * item + at, item))
            f.store(total.get(), sums, at, item)
        row = vectors * (lane * item)
        with f.loop(v["groups"]) as k:
            f.call(
                f"theon_turn_{dtype}", f.at(out.data, k * filters * out.strides[0]), out.strides[0], item,
                f.at(sums, k * whole * row), row, item, terms, filters,
            )  # fmt: skip
    f.emit("ret i64 0")
    return f.text(attributes(), "")


def _weights_work(dtype: str) -> str:
    item = KINDS[dtype][1]
    f = Function(f"theon_conv_weights_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    words = [f.load("ptr", f["frame"], 8 * i) for i in range(7)]
    _, vectors, pitch, deep, bands, whole, size = (f.load("i64", f["frame"], 8 * i) for i in range(7, 14))
    x, g, out = Block(f, words[0], 4), Block(f, words[1], 4), Block(f, words[2], 4)
    table, all_sums, slots = words[3:6]
    v = numbers(f, words[6], WEIGHTS)
    channels = out.sizes[1]
    filters = out.sizes[0] // v["groups"]
    batch, _, lines, columns = g.sizes
    lane = lanes(dtype)
    vector = lane * item
    row = vectors * vector
    places = f.at(table, whole * 8)
    part, slice_ = f["chunk"] // v["slices"], f["chunk"] % v["slices"]
    begin = vectors * slice_ // v["slices"]
    own_vectors = vectors * (slice_ + 1) // v["slices"] - begin
    sums = f.at(all_sums, part * size * item)
    with f.loop(v["groups"] * whole) as r:
        f.call(
            f"theon_copy_{dtype}", f.at(sums, r * row + begin * vector), Value(f, "ptr", "null"), 0, own_vectors * lane
        )
    slot = take_slot(f, slots, v["slots"], v["slot"])
    image = f.at(slot, LOCK)
    turned = f.at(image, _rounded(channels * deep * pitch * item, 64))
    total = batch * bands
    first, last = total * part // v["parts"], total * (part + 1) // v["parts"]
    with f.loop(last, first) as block, f.loop(v["groups"]) as k:
        n, start = block // bands, block % bands * v["band"]
        here = f.smaller(v["band"], lines - start)
        source = f.at(x.data, n * x.strides[0] + k * channels * x.strides[1])
        f.call(
            f"theon_band_{dtype}", image, source, channels, x.strides[1], x.sizes[2], x.strides[2], x.sizes[3], x.strides[3],
            start * v["stride_y"] - v["top"], 0 - v["left"], deep, pitch,
        )  # fmt: skip
        slopes = f.at(g.data, n * g.strides[0] + k * filters * g.strides[1] + start * g.strides[2])
        count = here * columns
        own = f.at(sums, k * whole * row)

        def panel(
            at: Value, width: Value, here: Value = here, slopes: Value = slopes, count: Value = count, own: Value = own
        ) -> None:
            at = begin + at
            known = f.smaller(width * lane, filters - at * lane)
            corner = f.at(slopes, at * lane * g.strides[1])

            def lay(place: Value, n: Value, offset: Value) -> None:
                f.call(
                    f"theon_turn_{dtype}", f.at(turned, place * width * vector), width * vector, item, f.at(corner, offset),
                    g.strides[1], g.strides[3], known, n,
                )  # fmt: skip

            _whole_rows(f, g, columns, lay, here)
            with f.loop(whole, 0, rows()) as r:
                into = f.at(own, r * row + at * vector)
                yes = Value(f, "i1", "true")
                call_tile(
                    f, dtype, width, image, f.at(table, r * 8), places, count, turned, width * vector, into, row, yes
                )

        panels(f, own_vectors, panel)
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())
