"""The routine that draws from the streams of MRG31k3p: each lane of a vector is one stream."""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import Block, run
from theon.codegen.tile import KINDS, lanes

__all__ = ["uniform_text"]

_M1, _M2 = 2147483647, 2147462579
_NORM = {"float32": "0x3DFFFFFFE0000000", "float64": "0x3E00000000000000"}  # Theano's 4.6566126e-10, and 2**-31
_WORDS = 6


@functools.cache
def uniform_text(dtype: str, shared: bool) -> str:
    """``uniform(state, new, out)``: element ``i * streams + s`` is the draw of stream ``s`` in step ``i``; ``new`` is the state after.

    ``state`` is (streams, 6) int32 anywhere in memory, ``new`` and ``out`` (a vector) are contiguous. Where there are fewer
    elements than streams, the rest of the streams stay.
    """
    return "\n".join([pool.DECLARATIONS if shared else "", _main(dtype, shared), _work(dtype)])


def _main(dtype: str, shared: bool) -> str:
    f = Function(f"theon_uniform_{dtype}", [(n, "ptr") for n in ("state", "new", "out", "numbers")], "i64")
    wide = lanes("float32")
    state, total = Block(f, f["state"], 2), Block(f, f["out"], 1).sizes[0]
    frame = f.room(48)
    streams = f.smaller(state.sizes[0], f.larger(total, 1))
    words = (f["state"], f["new"], f["out"], streams, total // streams, total % streams)
    for place, word in enumerate(words):
        f.store(word, frame, 8 * place)
    blocks = (state.sizes[0] + (wide - 1)) // wide
    run(f, f"theon_uniform_work_{dtype}", frame, f.smaller(blocks, 64), (state.sizes[0] + total) * 4, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _work(dtype: str) -> str:
    kind, item = KINDS[dtype]
    wide = lanes("float32")
    vector, draws, bits = f"<{wide} x i32>", f"<{wide} x {kind}>", f"<{wide} x i1>"
    f = Function(f"theon_uniform_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    state, new = (Block(f, f.load("ptr", f["frame"], 8 * i), 2) for i in range(2))
    out = Block(f, f.load("ptr", f["frame"], 16), 1).data
    streams, whole, rest = (f.load("i64", f["frame"], 24 + 8 * i) for i in range(3))
    rows = state.sizes[0]
    room, drawn = f.room(_WORDS * wide * 4), f.room(wide * item)

    def every(n: int) -> Value:
        return Value(f, vector, f"<{', '.join([f'i32 {n}'] * wide)}>")

    def shifted(op: str, x: Value, n: int) -> Value:
        return f.new(vector, f"{op} {vector} {x.text}, {every(n).text}")

    def reduced(x: Value, modulus: int) -> Value:
        """A number below twice the modulus, below it."""
        over = f.new(bits, f"icmp uge {vector} {x.text}, {every(modulus).text}")
        less = x - every(modulus)
        return f.new(vector, f"select {bits} {over.text}, {vector} {less.text}, {vector} {x.text}")

    def stepped(words: list[Value]) -> tuple[list[Value], Value]:
        """The states one step on, and the draws."""
        x0, x1, x2, y0, y1, y2 = words
        # Products with powers of two modulo 2**31 - 1 turn the 31 bits; modulo 2**31 - 21069 the high bits come back 21069-fold.
        a = shifted("shl", x1 & every(511), 22) + shifted("lshr", x1, 9)
        b = shifted("shl", x2 & every(16777215), 7) + shifted("lshr", x2, 24)
        x = reduced(reduced(a + b, _M1) + x2, _M1)

        def times(y: Value) -> Value:
            return reduced(shifted("shl", y & every(65535), 15) + shifted("lshr", y, 16) * every(21069), _M2)

        y = reduced(reduced(times(y2) + y2, _M2) + times(y0), _M2)
        z = x - y
        low = f.new(bits, f"icmp sle {vector} {z.text}, zeroinitializer")
        z = f.new(vector, f"select {bits} {low.text}, {vector} {(z + every(_M1)).text}, {vector} {z.text}")
        real = f.new(draws, f"sitofp {vector} {z.text} to {draws}")
        norm = f"<{', '.join([f'{kind} {_NORM[dtype]}'] * wide)}>"
        return [x, x0, x1, y, y0, y1], f.new(draws, f"fmul {draws} {real.text}, {norm}")

    blocks = (rows + (wide - 1)) // wide
    first, last = blocks * f["chunk"] // f["chunks"], blocks * (f["chunk"] + 1) // f["chunks"]
    with f.loop(last, first) as block:
        start = block * wide
        known = f.smaller(wide, rows - start)
        with f.loop(_WORDS) as w, f.loop(wide) as s:
            # Lanes beyond the last stream repeat it.
            from_ = (start + f.smaller(s, known - 1)) * state.strides[0] + w * state.strides[1]
            f.store(f.load("i32", state.data, from_), room, (w * wide + s) * 4)
        words = [f.variable(vector, f.load(vector, room, w * wide * 4)) for w in range(_WORDS)]
        mine = f.smaller(known, streams - start)
        full = mine >= wide
        with f.when(mine > 0):
            with f.loop(whole) as i:
                after, value = stepped([w.get() for w in words])
                for word, x in zip(words, after):
                    word.set(x)
                into = f.at(out, (i * streams + start) * item)
                with f.when(full):
                    f.store(value, into, 0, item)
                with f.unless(full):
                    f.store(value, drawn)
                    with f.loop(mine) as s:
                        f.store(f.load(kind, drawn, s * item), into, s * item)
            more = f.smaller(mine, rest - start)
            for place, word in enumerate(words):
                f.store(word.get(), room, place * wide * 4)
            # The first streams give one more, and those beyond the result's elements none.
            with f.when(more > 0):
                after, value = stepped([w.get() for w in words])
                f.store(value, drawn)
                into = f.at(out, (whole * streams + start) * item)
                extra = f.room(_WORDS * wide * 4)
                for place, x in enumerate(after):
                    f.store(x, extra, place * wide * 4)
                with f.loop(more) as s:
                    f.store(f.load(kind, drawn, s * item), into, s * item)
                    for place in range(_WORDS):
                        at = (s + place * wide) * 4
                        f.store(f.load("i32", extra, at), room, at)
        own = f.at(new.data, start * (4 * _WORDS))
        with f.loop(known) as s, f.loop(_WORDS) as w:
            moved = s < mine
            old = f.load("i32", state.data, (start + s) * state.strides[0] + w * state.strides[1])
            found = f.select(moved, f.load("i32", room, (w * wide + s) * 4), old, "i32")
            f.store(found, own, (s * _WORDS + w) * 4)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())
