"""Convolutions of each channel with a filter of its own, and their gradients: vectors run along the rows of one channel.

A channel of an image is copied with zeros around it, so that no place needs a test; four rows of the result are summed at
a time. Tensors come as blocks of words, numbers as the fields of :data:`CHANNEL`.
"""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.follow import call_after
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, lanes, pieces

__all__ = ["CHANNEL", "ROWS", "forward_text", "weights_text"]

ROWS = 4
CHANNEL = "top left step_y step_x slots slot after frame".split()


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


def _padded(
    f: Function, dtype: str, to: Value, source: Value, x: Block, v: dict[str, Value], deep: Value, pitch: Value
) -> None:
    """One channel with zeros around it."""
    f.call(
        f"theon_band_{dtype}", to, source, 1, 0, x.sizes[2], x.strides[2], x.sizes[3], x.strides[3],
        0 - v["top"], 0 - v["left"], deep, pitch,
    )  # fmt: skip


def _rounded(x: Value, to: int) -> Value:
    return (x + (to - 1)) & -to


def _spread(f: Function, vector: str, lane: int, x: Value) -> Value:
    one = f.new(vector, f"insertelement {vector} poison, {x.kind} {x.text}, i64 0")
    return f.new(vector, f"shufflevector {vector} {one.text}, {vector} poison, <{lane} x i32> zeroinitializer")


@functools.cache
def forward_text(dtype: str, shared: bool) -> str:
    """``out[n, c, y, x] = sum over i, j of w[c, 0, i, j] * image[n, c, y - top + i step, x - left + j step]``."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, fma = f"<{lane} x {kind}>", f"llvm.fmuladd.v{lane}f{8 * item}"
    name = f"theon_depthwise_{dtype}"
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    (x_, w_, out_), slots, v, first, last = _frame(f)
    x, w, out = Block(f, x_, 4), Block(f, w_, 4), Block(f, out_, 4)
    height, width = w.sizes[2:]
    channels, lines, columns = out.sizes[1:]
    slot = take_slot(f, slots, v["slots"], v["slot"])
    corner = f.at(slot, LOCK)
    image = f.at(corner, lane * item)
    pitch = _rounded(columns, lane) + (width - 1) * v["step_x"]
    deep = lines + (height - 1) * v["step_y"]
    zero = Value(f, vector, "zeroinitializer")
    with f.loop(last, first) as place:
        n, c = place // channels, place % channels
        _padded(f, dtype, image, f.at(x.data, n * x.strides[0] + c * x.strides[1]), x, v, deep, pitch)
        factors = f.at(w.data, c * w.strides[0])
        target = f.at(out.data, n * out.strides[0] + c * out.strides[1])
        with f.loop(lines, 0, ROWS) as y:
            rows = [f.smaller(y + r, lines - 1) for r in range(ROWS)]
            with f.loop(columns, 0, lane) as at:
                sums = [f.variable(vector, zero) for _ in rows]
                with f.loop(height) as i, f.loop(width) as j:
                    factor = _spread(f, vector, lane, f.load(kind, factors, i * w.strides[2] + j * w.strides[3]))
                    corner_ = i * v["step_y"] * pitch + j * v["step_x"] + at
                    for row, total in zip(rows, sums):
                        value = f.load(vector, image, (row * pitch + corner_) * item, item)
                        total.set(f.call(fma, factor, value, total.get(), result=vector))
                whole = (at + lane <= columns) & out.strides[3].same(item)
                for row, total in zip(rows, sums):
                    into = f.at(target, row * out.strides[2] + at * out.strides[3])
                    with f.when(whole):
                        f.store(total.get(), into, 0, item)
                    with f.unless(whole):
                        f.store(total.get(), corner, 0, item)
                        with f.loop(f.smaller(columns - at, lane)) as k:
                            f.store(f.load(kind, corner, k * item), into, k * out.strides[3])
        call_after(f, v, n, c, f.value(1, "i64"), f.value(0, "i64"), lines, f.value(1, "i64"))
    give_slot(f, slot)
    f.emit("ret i64 0")
    work = f.text(" noinline" + attributes())
    return "\n".join([pool.DECLARATIONS if shared else "", pieces(dtype), work, _main(name, "x w out", shared, True)])


@functools.cache
def weights_text(dtype: str, shared: bool) -> str:
    """``out[c, 0, i, j] = sum over n, y, x of g[n, c, y, x] * image[n, c, y - top + i step, x - left + j step]``.

    The images of one channel are taken in their order: the same bits for any number of threads.
    """
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, fma = f"<{lane} x {kind}>", f"llvm.fmuladd.v{lane}f{8 * item}"
    name = f"theon_depthwise_weights_{dtype}"
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    (x_, g_, out_), slots, v, first, last = _frame(f)
    x, g, out = Block(f, x_, 4), Block(f, g_, 4), Block(f, out_, 4)
    height, width = out.sizes[2:]
    batch, _, lines, columns = g.sizes
    slot = take_slot(f, slots, v["slots"], v["slot"])
    sums = f.at(slot, LOCK)
    slopes = f.at(sums, height * width * (lane * item))
    wide, tall = _rounded(columns, lane), _rounded(lines, ROWS)
    image = f.at(slopes, tall * wide * item)
    pitch, deep = wide + (width - 1) * v["step_x"], tall + (height - 1) * v["step_y"]
    zero = Value(f, vector, "zeroinitializer")
    with f.loop(last, first) as c:
        with f.loop(height * width) as k:
            f.store(zero, sums, k * (lane * item), item)
        with f.loop(batch) as n:
            _padded(f, dtype, image, f.at(x.data, n * x.strides[0] + c * x.strides[1]), x, v, deep, pitch)
            f.call(
                f"theon_band_{dtype}", slopes, f.at(g.data, n * g.strides[0] + c * g.strides[1]), 1, 0, lines, g.strides[2],
                columns, g.strides[3], 0, 0, tall, wide,
            )  # fmt: skip
            with f.loop(height) as i, f.loop(width) as j:
                totals = [f.variable(vector, zero) for _ in range(ROWS)]
                shift = i * v["step_y"] * pitch + j * v["step_x"]
                with f.loop(tall, 0, ROWS) as y, f.loop(wide, 0, lane) as at:
                    for r, total in enumerate(totals):
                        slope = f.load(vector, slopes, ((y + r) * wide + at) * item, item)
                        value = f.load(vector, image, ((y + r) * pitch + at + shift) * item, item)
                        total.set(f.call(fma, slope, value, total.get(), result=vector))
                together = (totals[0].get() + totals[1].get()) + (totals[2].get() + totals[3].get())
                place = (i * width + j) * (lane * item)
                f.store(f.load(vector, sums, place, item) + together, sums, place, item)
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
    return "\n".join([pool.DECLARATIONS if shared else "", pieces(dtype), declared, work, main])
