"""The routine for the image's gradient of convolutions of few channels: all products of a place's slopes, added where they belong.

It takes no product with a border of zeros, and its vectors run over channels and elements of the filter together.
"""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.follow import call_after
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, call_tile, lanes, panels, pieces, rows

__all__ = ["SPREAD", "spread_text"]

SPREAD = "top left stride_y stride_x step_y step_x groups flip band slots slot pitch after frame".split()


@functools.cache
def spread_text(dtype: str, shared: bool) -> str:
    """``out[n, c, y stride - top + i step, x stride - left + j step] += sum over f of w[f, c, i, j] * g[n, f, y, x]``."""
    return "\n".join([pool.DECLARATIONS if shared else "", pieces(dtype), _work(dtype), _main(dtype, shared)])


def _main(dtype: str, shared: bool) -> str:
    kind, item = KINDS[dtype]
    f = Function(f"theon_conv_spread_{dtype}", [(n, "ptr") for n in "w g out packed slots numbers".split()], "i64")
    w, g, out = _Block4(f, "w"), _Block4(f, "g"), _Block4(f, "out")
    packed, slots = (f.load("ptr", f[n]) for n in ("packed", "slots"))
    v = numbers(f, f["numbers"], SPREAD)
    filters, channels, height, width = w.sizes
    with f.loop(filters) as o:
        # Rows of all channels and elements of the filter, and zeros up to whole vectors.
        line = f.at(packed, o * v["pitch"] * item)
        with f.loop(channels) as c, f.loop(height) as i, f.loop(width) as j:
            y, x = (f.select(v["flip"] > 0, n - 1 - a, a) for n, a in ((height, i), (width, j)))
            value = f.load(kind, w.data, o * w.strides[0] + c * w.strides[1] + y * w.strides[2] + x * w.strides[3])
            f.store(value, line, ((c * height + i) * width + j) * item)
        terms = channels * height * width
        f.call(f"theon_copy_{dtype}", f.at(line, terms * item), Value(f, "ptr", "null"), 0, v["pitch"] - terms)
    with f.loop(v["slots"]) as i:
        f.store(0, slots, i * v["slot"])
    frame = f.room(48)
    for place, word in enumerate((f["w"], f["g"], f["out"], packed, slots, f["numbers"])):
        f.store(word, frame, 8 * place)
    total = out.sizes[0] * v["groups"]
    weight = g.sizes[2] * g.sizes[3] * filters * channels * height * width * out.sizes[0]
    run(f, f"theon_conv_spread_work_{dtype}", frame, total, weight, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


class _Block4(Block):
    """An argument of four dimensions."""

    def __init__(self, f: Function, name: str) -> None:
        super().__init__(f, f[name], 4)


def _work(dtype: str) -> str:
    _kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = lane * item
    f = Function(f"theon_conv_spread_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    words = [f.load("ptr", f["frame"], 8 * i) for i in range(6)]
    w, g, out = (Block(f, words[i], 4) for i in range(3))
    packed, slots = words[3:5]
    v = numbers(f, words[5], SPREAD)
    filters, channels, height, width = w.sizes
    per = filters // v["groups"]
    _, _, lines, columns = g.sizes
    tall, wide = out.sizes[2:]
    terms, places = channels * height * width, v["band"] * columns
    vectors = (terms + (lane - 1)) // lane
    row = v["pitch"] * item
    slot = take_slot(f, slots, v["slots"], v["slot"])
    offsets = f.at(slot, LOCK)
    bases = f.at(offsets, per * 8)
    padded = (places + (rows() - 1)) & -rows()
    sums = f.at(slot, LOCK + 64 + ((per + padded) * 8 & -64))
    turned = f.at(sums, padded * row)
    f.call(f"theon_offsets_{dtype}", offsets, 1, 0, 1, 0, per, g.strides[1], 0)
    n, group = f["chunk"] // v["groups"], f["chunk"] % v["groups"]
    target = f.at(out.data, n * out.strides[0] + group * channels * out.strides[1])
    with f.loop(channels) as c, f.loop(tall) as y:
        f.call(f"theon_clear_{dtype}", f.at(target, c * out.strides[1] + y * out.strides[2]), out.strides[3], wide)
    factors = f.at(packed, group * per * row)
    with f.loop(lines, 0, v["band"]) as start:
        here = f.smaller(v["band"], lines - start)
        count = here * columns
        whole = (count + (rows() - 1)) & -rows()
        f.call(f"theon_offsets_{dtype}", bases, 1, 0, here, g.strides[2], columns, g.strides[3], whole)
        slopes = f.at(g.data, n * g.strides[0] + group * per * g.strides[1] + start * g.strides[2])

        def panel(first: Value, many: Value, count: Value = count, slopes: Value = slopes) -> None:
            own = f.at(factors, first * vector)
            with f.loop(count, 0, rows()) as p:
                into = f.at(sums, p * row + first * vector)
                no = Value(f, "i1", "false")
                call_tile(f, dtype, many, slopes, f.at(bases, p * 8), offsets, per, own, row, into, row, no)

        panels(f, vectors, panel)
        f.call(f"theon_turn_{dtype}", turned, places * item, item, sums, row, item, count, terms)
        with f.loop(channels) as c, f.loop(height) as i, f.loop(width) as j:
            source = f.at(turned, ((c * height + i) * width + j) * places * item)
            down, right = i * v["step_y"] - v["top"], j * v["step_x"] - v["left"]
            first, last = _inside(f, down, v["stride_y"], tall, lines)
            begin, end = _inside(f, right, v["stride_x"], wide, columns)
            first, last = f.larger(first - start, 0), f.smaller(last - start, here)
            step = v["stride_x"] * out.strides[3]
            with f.loop(last, first) as y:
                place = (start + y) * v["stride_y"] + down
                x = begin * v["stride_x"] + right
                into = f.at(target, c * out.strides[1] + place * out.strides[2] + x * out.strides[3])
                f.call(f"theon_add_{dtype}", into, step, f.at(source, (y * columns + begin) * item), end - begin)
    call_after(f, v, n, group * channels, channels, f.value(0, "i64"), tall, f.value(1, "i64"))
    give_slot(f, slot)
    f.emit("ret i64 0")
    return "\n".join([_add(dtype), _clear(dtype), f.text(" noinline" + attributes())])


def _inside(f: Function, shift: Value, stride: Value, size: Value, count: Value) -> tuple[Value, Value]:
    """The places whose position ``place stride + shift`` lies inside: first and end."""
    first = f.larger(stride - 1 - shift, 0) // stride
    end = f.larger(size + stride - 1 - shift, 0) // stride
    return first, f.larger(f.smaller(end, count), first)


def _add(dtype: str) -> str:
    kind, item = KINDS[dtype]
    side = 32 // item
    vector = f"<{side} x {kind}>"
    f = Function(f"theon_add_{dtype}", [("to", "ptr"), ("step", "i64"), ("from", "ptr"), ("n", "i64")])
    whole = f.select(f["step"].same(item), f["n"] & -side, 0)
    for kind_, first, last, by in ((vector, 0, whole, side), (kind, whole, f["n"], 1)):
        with f.loop(last, first, by) as i:
            place = f.at(f["to"], i * f["step"])
            value = f.load(kind_, place, 0, item) + f.load(kind_, f["from"], i * item, item)
            f.store(value, place, 0, item)
    f.emit("ret void")
    return f.text(" alwaysinline")


def _clear(dtype: str) -> str:
    kind, item = KINDS[dtype]
    f = Function(f"theon_clear_{dtype}", [("to", "ptr"), ("step", "i64"), ("n", "i64")])
    with f.when(f["step"].same(item)):
        f.call(f"theon_copy_{dtype}", f["to"], Value(f, "ptr", "null"), item, f["n"])
    with f.unless(f["step"].same(item)), f.loop(f["n"]) as i:
        f.store(Value(f, kind, "zeroinitializer"), f["to"], i * f["step"])
    f.emit("ret void")
    return f.text(" noinline" + attributes())
