"""Convolutions of each channel with a filter of its own, and their gradients: vectors run along the rows of one channel.

A channel of an image is copied with zeros around it, so that no place needs a test. Tensors come as blocks of words, numbers
as the fields of :data:`CHANNEL`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from theon.codegen import pool
from theon.codegen.follow import call_after
from theon.codegen.native import Function, Value, attributes
from theon.codegen.plane import Plane, broadcast, first_lanes, masked_load, masked_store, masked_text
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, lanes, pieces

__all__ = ["CHANNEL", "ROWS", "forward_text", "weights_text"]

ROWS = 8  # the most rows of a result that are summed at a time
CHANNEL = "top left stride_y stride_x spread_y spread_x step_y step_x slots slot after frame".split()

# Heights of filters, strides and steps down for which the rows that several places share are read once.
_FORWARD = ((3, 1, 1), (3, 2, 1), (5, 1, 1), (7, 1, 1))
_WEIGHTS = ((3, 1), (3, 2))  # heights, which are widths too, and strides down


def _main(name: str, tensors: str, shared: bool, by_image: bool) -> str:
    f = Function(name, [(n, "ptr") for n in (*tensors.split(), "slots", "numbers")], "i64")
    blocks = [f[n] for n in tensors.split()]
    first, second = Block(f, blocks[0], 4), Block(f, blocks[1], 4)
    out = Block(f, blocks[2], 4)
    v = numbers(f, f["numbers"], CHANNEL)
    slots = f.load("ptr", f["slots"])
    with f.loop(v["slots"]) as i:
        f.store(0, slots, i * v["slot"])
    frame = f.room(8 * 8)
    total = out.sizes[0] * out.sizes[1] if by_image else out.sizes[0]
    for place, word in enumerate((*blocks, slots, f["numbers"], total)):
        f.store(word, frame, 8 * place)
    taps = second.sizes[2] * second.sizes[3] if by_image else out.sizes[2] * out.sizes[3]
    places = out.sizes[2] * out.sizes[3] if by_image else first.sizes[0] * second.sizes[2] * second.sizes[3]
    with f.when(total > 0):
        run(f, f"{name}_work", frame, f.smaller(total, v["slots"] * 8), total * taps * places, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _frame(f: Function) -> tuple[list[Value], Value, dict[str, Value], Value, Value]:
    """The tensors, the slots, the numbers, and the chunk's share of the total: first and end."""
    words = [f.load("ptr", f["frame"], 8 * i) for i in range(5)]
    total = f.load("i64", f["frame"], 40)
    first, last = total * f["chunk"] // f["chunks"], total * (f["chunk"] + 1) // f["chunks"]
    return words[:3], words[3], numbers(f, words[4], CHANNEL), first, last


def _rows_of(count: int, taps: int, stride: int, step: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """For each row that ``count`` places read, which places read it and by which tap."""
    found: dict[int, list[tuple[int, int]]] = {}
    for r in range(count):
        for t in range(taps):
            found.setdefault(r * stride + t * step, []).append((r, t))
    return sorted(found.items())


_SUM = "src row stride factors down right offsets height width into line rows spare lanes".split()
_POINTERS = frozenset("src factors offsets into spare slopes sums".split())


def _parameters(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(n, "ptr" if n in _POINTERS else "i64") for n in names]


def _sums(dtype: str, name: str, count: int, many: int, form: tuple[int, int, int] | None) -> str:
    """The function for ``count`` rows of ``many`` vectors; the last vector has ``lanes``, rows from ``rows`` on go to ``spare``."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, fma = f"<{lane} x {kind}>", f"llvm.fmuladd.v{lane}f{8 * item}"
    f = Function(name, _parameters(_SUM))
    sums = [[f.variable(vector, Value(f, vector, "zeroinitializer")) for _ in range(many)] for _ in range(count)]
    tall, stride, step = form or (1, 1, 1)
    by = f["row"] if form else f["row"] * f["stride"]
    with f.loop(1 if form else f["height"]) as i, f.loop(f["width"]) as j:
        own = f.at(f["factors"], i * f["down"] + j * f["right"])
        taps = [broadcast(f, vector, lane, f.load(kind, own, f["down"] * t)) for t in range(tall)]
        start = f.at(f["src"], f.load("i64", f["offsets"], (i * f["width"] + j) * 8))
        for row, pairs in _rows_of(count, tall, stride, step):
            source = f.at(start, by * row)
            for m in range(many):
                value = f.load(vector, source, m * lane * item, item)
                for r, t in pairs:
                    sums[r][m].set(f.call(fma, taps[t], value, sums[r][m].get(), result=vector))
    full = f["lanes"] >= lane
    targets = [f.select(f["rows"] > r, f.at(f["into"], f["line"] * r), f["spare"], "ptr") for r in range(count)]
    for target, totals in zip(targets, sums):
        for m, total in enumerate(totals[:-1]):
            f.store(total.get(), target, m * lane * item, item)
    with f.when(full):
        for target, totals in zip(targets, sums):
            f.store(totals[-1].get(), target, (many - 1) * lane * item, item)
    with f.unless(full):
        mask = first_lanes(f, lane, f["lanes"])
        for target, totals in zip(targets, sums):
            masked_store(f, dtype, totals[-1].get(), f.at(target, (many - 1) * lane * item), mask)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


@functools.cache
def forward_text(dtype: str, shared: bool) -> str:
    """``out[n, c, y, x] = sum over i, j of w[c, 0, i, j] * plane[y stride + i step, x stride + j step]``.

    The plane has the image's element (y, x) of image ``n`` and channel ``c`` at (top + y spread, left + x spread).
    """
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    name = f"theon_depthwise_{dtype}"
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    (x_, w_, out_), slots, v, first, last = _frame(f)
    x, w, out = Block(f, x_, 4), Block(f, w_, 4), Block(f, out_, 4)
    height, width = w.sizes[2:]
    channels, lines, columns = out.sizes[1:]
    plane = Plane(f, dtype, v, f.larger(lines, ROWS), columns, height, width)
    plane.prepare(x)
    slot = take_slot(f, slots, v["slots"], v["slot"])
    tile = f.at(slot, LOCK)  # of the sums, where they do not go to their places at once
    offsets = f.at(tile, (ROWS + 2) * lane * item)
    image = f.at(offsets, height * width * 8)
    plane.write_offsets(offsets)
    plane.clear(image)
    unit = out.strides[3].same(item)
    forms = [*_FORWARD, None]
    chosen = f.value(len(_FORWARD), "i64")
    for number, (tall, stride, step) in enumerate(_FORWARD):
        fits = height.same(tall) & v["stride_y"].same(stride) & v["step_y"].same(step)
        chosen = f.select(fits, number, chosen)
    with f.loop(last, first) as place:
        n, c = place // channels, place % channels
        plane.fill(image, f.at(x.data, n * x.strides[0] + c * x.strides[1]))
        factors = f.at(w.data, c * w.strides[0])
        into = f.at(out.data, n * out.strides[0] + c * out.strides[1])

        def all_rows(at: Value, count: int, many: int) -> None:
            end = columns - at - (many - 1) * lane
            with f.loop(lines, 0, count) as y:
                # The last block begins earlier instead of being smaller.
                y = f.larger(f.smaller(y, lines - count), 0)
                here = f.at(into, y * out.strides[2] + at * out.strides[3])
                start = f.at(image, y * v["stride_y"] * plane.row + at * item)
                rows = f.smaller(lines - y, count)
                arguments = (
                    start, plane.row, v["stride_y"], factors, w.strides[2], w.strides[3], offsets, height, width,
                    f.select(unit, here, tile, "ptr"), f.select(unit, out.strides[2], many * lane * item), rows,
                    f.at(tile, ROWS * lane * item), f.select(unit, end, lane),
                )  # fmt: skip
                for number, _ in enumerate(forms):
                    with f.when(chosen.same(number)):
                        f.call(f"{name}_{count}_{number}", *arguments)
                with f.unless(unit), f.loop(rows) as r, f.loop(f.smaller(columns - at, many * lane)) as k:
                    found = f.load(kind, tile, (r * (many * lane) + k) * item)
                    f.store(found, here, r * out.strides[2] + k * out.strides[3])

        with f.loop(columns, 0, 2 * lane) as at:
            several = at + lane < columns
            with f.when(several):
                all_rows(at, ROWS // 2, 2)
            with f.unless(several):
                all_rows(at, ROWS, 1)
        call_after(f, v, n, c, f.value(1, "i64"), f.value(0, "i64"), lines, f.value(1, "i64"))
    give_slot(f, slot)
    f.emit("ret i64 0")
    work = f.text(" noinline" + attributes())
    main = _main(name, "x w out", shared, True)
    parts = [
        _sums(dtype, f"{name}_{count}_{number}", count, many, form)
        for count, many in ((ROWS // 2, 2), (ROWS, 1))
        for number, form in enumerate(forms)
    ]
    return "\n".join([pool.DECLARATIONS if shared else "", pieces(dtype), masked_text(dtype), *parts, work, main])


_BLOCK = 4  # rows of the result's gradient that are taken at a time
_PRODUCTS = "src row stride taps slopes line lines columns sums offsets".split()


def _products(dtype: str, name: str, size: int, stride: int) -> str:
    """The function that adds the products of one channel to the sums of each tap: of ``size`` x ``size`` taps, or of any (0)."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, fma = f"<{lane} x {kind}>", f"llvm.fmuladd.v{lane}f{8 * item}"
    f = Function(name, _parameters(_PRODUCTS))
    width = lane * item
    by = f["row"] if size else f["row"] * f["stride"]
    totals = [f.variable(vector, f.load(vector, f["sums"], k * width, item)) for k in range(size * size)]
    starts = [f.load("i64", f["offsets"], 8 * j) for j in range(size)]
    with f.loop(f["columns"], 0, lane) as at:
        mask = first_lanes(f, lane, f["columns"] - at)
        nothing = Value(f, mask.kind, "zeroinitializer")
        with f.loop(f["lines"], 0, _BLOCK) as y:
            # Lanes that rest are neither read nor summed: what the image has there may be no number.
            masks = [mask, *(f.select(y + r < f["lines"], mask, nothing, mask.kind) for r in range(1, _BLOCK))]
            places = [f.smaller(y + r, f["lines"] - 1) * f["line"] + at * item for r in range(_BLOCK)]
            found = [masked_load(f, dtype, f.at(f["slopes"], place), m) for place, m in zip(places, masks)]
            start = f.at(f["src"], y * f["stride"] * f["row"] + at * item)

            def add(total: Value, value: Value, r: int) -> Value:
                new = f.call(fma, found[r], value, total, result=vector)
                m = masks[r]
                return f.new(vector, f"select {m.kind} {m.text}, {vector} {new.text}, {vector} {total.text}")

            for down, pairs in _rows_of(_BLOCK, size, stride, 1):
                own = f.at(start, by * down)
                for j, offset in enumerate(starts):
                    value = f.load(vector, f.at(own, offset), 0, item)
                    for r, t in pairs:
                        total = totals[t * size + j]
                        total.set(add(total.get(), value, r))
            if not size:
                with f.loop(f["taps"]) as k:
                    own = f.at(start, f.load("i64", f["offsets"], k * 8))
                    value = f.load(vector, f["sums"], k * width, item)
                    for r in range(_BLOCK):
                        value = add(value, f.load(vector, f.at(own, by * r), 0, item), r)
                    f.store(value, f["sums"], k * width, item)
    for n, total in enumerate(totals):
        f.store(total.get(), f["sums"], n * width, item)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


@functools.cache
def weights_text(dtype: str, shared: bool) -> str:
    """``out[c, 0, i, j] = sum over n, y, x of g[n, c, y, x] * image[n, c, y stride - top + i step, x stride - left + j step]``.

    The images of one channel are taken in their order: the same bits for any number of threads.
    """
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    name = f"theon_depthwise_weights_{dtype}"
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    (x_, g_, out_), slots, v, first, last = _frame(f)
    x, g, out = Block(f, x_, 4), Block(f, g_, 4), Block(f, out_, 4)
    height, width = out.sizes[2:]
    batch, _, lines, columns = g.sizes
    wide, tall = (columns + (lane - 1)) & -lane, (lines + (_BLOCK - 1)) & -_BLOCK
    plane = Plane(f, dtype, v, tall, columns, height, width)
    plane.prepare(x)
    vector, taps = plane.vector, height * width
    slot = take_slot(f, slots, v["slots"], v["slot"])
    sums = f.at(slot, LOCK)
    offsets = f.at(sums, taps * (lane * item))
    slopes = f.at(offsets, taps * 8)
    image = f.at(slopes, lines * wide * item)
    plane.write_offsets(offsets)
    plane.clear(image)
    # Gradients whose columns are contiguous are read where they lie.
    direct = g.strides[3].same(item)
    line = f.select(direct, g.strides[2], wide * item)
    chosen = f.value(len(_WEIGHTS), "i64")
    for number, (size, stride) in enumerate(_WEIGHTS):
        fits = height.same(size) & width.same(size) & v["stride_y"].same(stride) & v["step_y"].same(1)
        chosen = f.select(fits, number, chosen)
    with f.loop(last, first) as c:
        f.call(f"theon_copy_{dtype}", sums, Value(f, "ptr", "null"), 0, taps * lane)
        with f.loop(batch) as n:
            plane.fill(image, f.at(x.data, n * x.strides[0] + c * x.strides[1]))
            own = f.at(g.data, n * g.strides[0] + c * g.strides[1])
            down, right = g.strides[2:]
            with f.unless(direct):
                f.call(f"theon_band_{dtype}", slopes, own, 1, 0, lines, down, columns, right, 0, 0, lines, wide)
            source = f.select(direct, own, slopes, "ptr")
            arguments = (image, plane.row, v["stride_y"], taps, source, line, lines, columns, sums, offsets)
            for number in range(len(_WEIGHTS) + 1):
                with f.when(chosen.same(number)):
                    f.call(f"{name}_{number}", *arguments)
        with f.loop(height) as i, f.loop(width) as j:
            found = f.load(vector, sums, (i * width + j) * (lane * item), item)
            reduce = f"llvm.vector.reduce.fadd.v{lane}f{8 * item}"
            one = f.new(kind, f"call reassoc {kind} @{reduce}({kind} -0.0, {vector} {found.text})")
            f.store(one, out.data, c * out.strides[0] + i * out.strides[2] + j * out.strides[3])
    give_slot(f, slot)
    f.emit("ret i64 0")
    work = f.text(" noinline" + attributes())
    declared = f"declare {kind} @llvm.vector.reduce.fadd.v{lane}f{8 * item}({kind}, {vector})"
    main = _main(name, "x g out", shared, False)
    parts = [_products(dtype, f"{name}_{n}", size, stride) for n, (size, stride) in enumerate((*_WEIGHTS, (0, 1)))]
    head = [pool.DECLARATIONS if shared else "", pieces(dtype), declared, masked_text(dtype)]
    return "\n".join([*head, *parts, work, main])
