"""Draws from the streams of MRG31k3p: each lane of a vector is one stream.

``uniform`` writes draws to memory. ``drawn`` hands them to a kernel: a run of them lies in a thread's own cache while the kernel
reads it, and is written nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from theon.codegen import pool
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import Block, run
from theon.codegen.tile import KINDS, lanes

__all__ = ["AXES", "FRAME", "OPERANDS", "drawn_text", "uniform_text"]

_M1, _M2 = 2147483647, 2147462579
_NORM = {"float32": "0x3DFFFFFFE0000000", "float64": "0x3E00000000000000"}  # Theano's 4.6566126e-10, and 2**-31
_WORDS = 6
_RUN = 512  # streams whose states lie in the first cache together
AXES, OPERANDS = 8, 32  # most that a kernel which is given draws has
# What the frame of ``drawn`` holds, one word each: the kernel's function and what it takes; strides of each operand along each
# axis; how many operands and axes; the operand that is drawn; the states before and after. The last four are the routine's own:
# how many streams give draws, each how many, how many of them one more; the length of the last axis.
FRAME = (
    "kernel", "data", "extents", "strides", "table", "operands", "axes", "drawn", "state", "streams", "line", "step", "new",
    "count", "whole", "rest", "width",
)  # fmt: skip
_OWN = FRAME[-4:]


@functools.cache
def uniform_text(dtype: str, shared: bool) -> str:
    """``uniform(state, new, out)``: element ``i * streams + s`` is the draw of stream ``s`` in step ``i``; ``new`` is the state after.

    ``state`` is (streams, 6) int32 anywhere in memory, ``new`` and ``out`` (a vector) are contiguous. Where there are fewer
    elements than streams, the rest of the streams stay.
    """
    return "\n".join([pool.DECLARATIONS if shared else "", _main(dtype, shared), _work(dtype), *_moves()])


@functools.cache
def drawn_text(dtype: str, shared: bool) -> str:
    """``drawn(frame)``: run a kernel, one of whose operands is what ``uniform`` would write; see :data:`FRAME`."""
    parts = [_drawn_main(dtype, shared), _drawn_work(dtype), _run_text(dtype), *_moves()]
    return "\n".join([pool.DECLARATIONS if shared else "", *parts])


# --- one step of the streams ---


def _every(f: Function, n: int) -> Value:
    wide = lanes("float32")
    return Value(f, f"<{wide} x i32>", f"<{', '.join([f'i32 {n}'] * wide)}>")


def _stepped(f: Function, dtype: str, words: Sequence[Value]) -> tuple[Value, Value, Value]:
    """The new numbers of the two recurrences, and the draws."""
    kind = KINDS[dtype][0]
    wide = lanes("float32")
    vector, draws, bits = f"<{wide} x i32>", f"<{wide} x {kind}>", f"<{wide} x i1>"

    def shifted(op: str, x: Value, n: int) -> Value:
        return f.new(vector, f"{op} {vector} {x.text}, {_every(f, n).text}")

    def reduced(x: Value, modulus: int) -> Value:
        """A number below twice the modulus, below it."""
        over = f.new(bits, f"icmp uge {vector} {x.text}, {_every(f, modulus).text}")
        less = x - _every(f, modulus)
        return f.new(vector, f"select {bits} {over.text}, {vector} {less.text}, {vector} {x.text}")

    def times(y: Value) -> Value:
        return reduced(shifted("shl", y & _every(f, 65535), 15) + shifted("lshr", y, 16) * _every(f, 21069), _M2)

    _, x1, x2, y0, _, y2 = words
    # Products with powers of two modulo 2**31 - 1 turn the 31 bits; modulo 2**31 - 21069 the high bits come back 21069-fold.
    a = shifted("shl", x1 & _every(f, 511), 22) + shifted("lshr", x1, 9)
    b = shifted("shl", x2 & _every(f, 16777215), 7) + shifted("lshr", x2, 24)
    x = reduced(reduced(a + b, _M1) + x2, _M1)
    y = reduced(reduced(times(y2) + y2, _M2) + times(y0), _M2)
    z = x - y
    low = f.new(bits, f"icmp sle {vector} {z.text}, zeroinitializer")
    z = f.new(vector, f"select {bits} {low.text}, {vector} {(z + _every(f, _M1)).text}, {vector} {z.text}")
    real = f.new(draws, f"sitofp {vector} {z.text} to {draws}")
    norm = f"<{', '.join([f'{kind} {_NORM[dtype]}'] * wide)}>"
    return x, y, f.new(draws, f"fmul {draws} {real.text}, {norm}")


# --- states, between their rows in memory and one vector for each word ---


def _moves() -> list[str]:
    """``theon_states_read(from, line, step, known, to, far)`` puts the words of ``known`` streams ``far`` bytes apart; the other
    lanes repeat the last stream. ``theon_states_write(to, known, from, p0, p1, p2, half)`` writes contiguous rows of words: those
    of the first recurrence lie at p0, p1 and p2, those of the second ``half`` bytes on."""
    wide = lanes("float32")
    vector, all_ = f"<{wide} x i32>", f"<{wide * _WORDS} x i32>"
    read = Function("theon_states_read", [("from", "ptr"), ("line", "i64"), ("step", "i64"), ("known", "i64"), ("to", "ptr"), ("far", "i64")])  # fmt: skip
    whole = read["known"].same(wide) & read["line"].same(4 * _WORDS) & read["step"].same(4)
    with read.when(whole):
        rows = read.load(all_, read["from"], 0, 4)
        for n in range(_WORDS):
            places = ", ".join(f"i32 {lane * _WORDS + n}" for lane in range(wide))
            word = read.new(vector, f"shufflevector {all_} {rows.text}, {all_} poison, <{wide} x i32> <{places}>")
            read.store(word, read["to"], read["far"] * n, 4)
    with read.unless(whole), read.loop(wide) as s, read.loop(_WORDS) as w:
        at = read.smaller(s, read["known"] - 1) * read["line"] + w * read["step"]
        read.store(read.load("i32", read["from"], at), read["to"], w * read["far"] + s * 4)
    read.emit("ret void")
    write = Function(
        "theon_states_write",
        [("to", "ptr"), ("known", "i64"), ("from", "ptr"), *((f"p{i}", "i64") for i in range(3)), ("half", "i64")],
    )
    offsets = [write["half"] * (w // 3) + write[f"p{w % 3}"] for w in range(_WORDS)]
    whole = write["known"].same(wide)
    with write.when(whole):
        words = [write.load(vector, write["from"], offsets[w], 4) for w in range(_WORDS)]
        joined, width = list(words), wide
        while len(joined) > 1:  # 6, 3, 2, 1 vectors
            if len(joined) % 2:
                joined.append(Value(write, joined[0].kind, "poison"))
            kind, places = f"<{2 * width} x i32>", ", ".join(f"i32 {i}" for i in range(2 * width))
            joined = [
                write.new(
                    kind,
                    f"shufflevector {a.kind} {a.text}, {b.kind} {b.text}, <{2 * width} x i32> <{places}>",
                )
                for a, b in zip(joined[::2], joined[1::2])
            ]
            width *= 2
        places = ", ".join(f"i32 {w * wide + lane}" for lane in range(wide) for w in range(_WORDS))
        (one,) = joined
        mask = f"<{wide * _WORDS} x i32> <{places}>"
        rows = write.new(all_, f"shufflevector {one.kind} {one.text}, {one.kind} poison, {mask}")
        write.store(rows, write["to"], 0, 4)
    with write.unless(whole), write.loop(write["known"]) as s:
        for n in range(_WORDS):
            write.store(write.load("i32", write["from"], offsets[n] + s * 4), write["to"], (s * _WORDS + n) * 4)
    write.emit("ret void")
    return [f.text(" noinline" + attributes()) for f in (read, write)]


# --- draws to memory ---


def _main(dtype: str, shared: bool) -> str:
    f = Function(f"theon_uniform_{dtype}", [(n, "ptr") for n in ("state", "new", "out", "numbers")], "i64")
    wide = lanes("float32")
    state, total = Block(f, f["state"], 2), Block(f, f["out"], 1).sizes[0]
    frame = f.room(48)
    streams = f.smaller(state.sizes[0], f.larger(total, 1))
    words = (f["state"], f["new"], f["out"], streams, total // streams, total % streams)
    for place, word in enumerate(words):
        f.store(word, frame, 8 * place)
    blocks = (_moving(f, f["state"], f["new"], state.sizes[0], streams) + (wide - 1)) // wide
    run(f, f"theon_uniform_work_{dtype}", frame, f.smaller(blocks, 64), (state.sizes[0] + total) * 8, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _moving(f: Function, state: Value, new: Value, rows: Value, streams: Value) -> Value:
    """The streams whose states are written: all into other memory, those that give draws where the states are in place."""
    return f.select(f.load("i64", state).same(f.load("i64", new)), streams, rows)


def _work(dtype: str) -> str:
    kind, item = KINDS[dtype]
    wide = lanes("float32")
    vector = f"<{wide} x i32>"
    f = Function(f"theon_uniform_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    state, new = (Block(f, f.load("ptr", f["frame"], 8 * i), 2) for i in range(2))
    out = Block(f, f.load("ptr", f["frame"], 16), 1).data
    streams, whole, rest = (f.load("i64", f["frame"], 24 + 8 * i) for i in range(3))
    rows = state.sizes[0]
    far = 4 * wide
    room, drawn, extra = f.room(_WORDS * far), f.room(wide * item), f.room(_WORDS * far)
    old, put = f.load("ptr", f["frame"], 0), f.load("ptr", f["frame"], 8)
    blocks = (_moving(f, old, put, rows, streams) + (wide - 1)) // wide
    first, last = blocks * f["chunk"] // f["chunks"], blocks * (f["chunk"] + 1) // f["chunks"]
    with f.loop(last, first) as block:
        start = block * wide
        known = f.smaller(wide, rows - start)
        source = f.at(state.data, start * state.strides[0])
        f.call("theon_states_read", source, *state.strides, known, room, far)
        words = [f.variable(vector, f.load(vector, room, w * far)) for w in range(_WORDS)]
        mine = f.smaller(known, streams - start)
        full = mine >= wide
        with f.when(mine > 0):
            with f.loop(whole) as i:
                x, y, value = _stepped(f, dtype, before := [w.get() for w in words])
                for word, after in zip(words, (x, *before[:2], y, *before[3:5])):
                    word.set(after)
                into = f.at(out, (i * streams + start) * item)
                with f.when(full):
                    f.store(value, into, 0, item)
                with f.unless(full):
                    f.store(value, drawn)
                    with f.loop(mine) as s:
                        f.store(f.load(kind, drawn, s * item), into, s * item)
            for place, word in enumerate(words):
                f.store(word.get(), extra, place * far)
            more = f.smaller(mine, rest - start)
            # The first streams give one more, and those beyond the result's elements none.
            with f.when(more > 0):
                x, y, value = _stepped(f, dtype, before := [w.get() for w in words])
                f.store(value, drawn)
                into = f.at(out, (whole * streams + start) * item)
                with f.loop(more) as s:
                    f.store(f.load(kind, drawn, s * item), into, s * item)
                for place, after in enumerate((x, *before[:2], y, *before[3:5])):
                    chosen = _first_lanes(f, more, after, before[place])
                    f.store(chosen, extra, place * far)
            for place in range(_WORDS):
                chosen = _first_lanes(f, mine, f.load(vector, extra, place * far), f.load(vector, room, place * far))
                f.store(chosen, room, place * far)
        f.call("theon_states_write", f.at(new.data, start * (4 * _WORDS)), known, room, 0, far, 2 * far, 3 * far)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _first_lanes(f: Function, count: Value, x: Value, y: Value) -> Value:
    """``x`` in the first ``count`` lanes, ``y`` in the others."""
    wide = lanes("float32")
    vector, bits = f"<{wide} x i32>", f"<{wide} x i1>"
    short = f.new("i32", f"trunc i64 {count.text} to i32")
    one = f.new(vector, f"insertelement {vector} poison, i32 {short.text}, i64 0")
    limit = f.new(vector, f"shufflevector {vector} {one.text}, {vector} poison, <{wide} x i32> zeroinitializer")
    places = f"<{', '.join(f'i32 {i}' for i in range(wide))}>"
    first = f.new(bits, f"icmp slt {vector} {places}, {limit.text}")
    return f.new(vector, f"select {bits} {first.text}, {vector} {x.text}, {vector} {y.text}")


# --- draws to a kernel ---


def _word(f: Function, name: str, kind: str = "i64") -> Value:
    return f.load(kind, f["frame"], 8 * FRAME.index(name))


def _drawn_main(dtype: str, shared: bool) -> str:
    """Join axes that are one run of memory for every operand; then all runs of streams, by threads."""
    f = Function(f"theon_drawn_{dtype}", [("frame", "ptr")], "i64")
    axes, operands, drawn = _word(f, "axes"), _word(f, "operands"), _word(f, "drawn")
    extents, table = _word(f, "extents", "ptr"), _word(f, "table", "ptr")
    own = f.room(8 * AXES)
    total = f.variable("i64", 1)
    with f.loop(axes) as a:
        n = f.load("i64", extents, a * 8)
        total.set(total.get() * n)
        f.store(n, own, a * 8)
    last = axes - 1
    width = f.variable("i64", f.load("i64", extents, last * 8))
    going = f.variable("i64", 1)
    with f.loop(last) as back:
        a = last - 1 - back
        with f.loop(operands) as o, f.unless(o.same(drawn)):
            line = f.load("i64", table, (o * axes + last) * 8) * width.get()
            joined = f.load("i64", table, (o * axes + a) * 8).same(line)
            going.set(f.select(joined, going.get(), 0))
        with f.when(going.get() > 0):
            width.set(width.get() * f.load("i64", own, a * 8))
            f.store(1, own, a * 8)
    f.store(width.get(), own, last * 8)
    f.store(own, f["frame"], 8 * FRAME.index("extents"))
    rows, elements = _word(f, "streams"), total.get()
    streams = f.smaller(rows, f.larger(elements, 1))
    for name, value in zip(_OWN, (streams, elements // streams, elements % streams, f.larger(width.get(), 1))):
        f.store(value, f["frame"], 8 * FRAME.index(name))
    blocks = (rows + (_RUN - 1)) // _RUN
    run(f, f"theon_drawn_work_{dtype}", f["frame"], blocks, (rows + elements) * 16, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _drawn_work(dtype: str) -> str:
    """One run of streams: all their draws, step by step, each step's before the kernel reads them."""
    item = KINDS[dtype][1]
    wide = lanes("float32")
    vector, far = f"<{wide} x i32>", 4 * _RUN
    f = Function(f"theon_drawn_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    rows, streams, whole, rest = (_word(f, name) for name in ("streams", "count", "whole", "rest"))
    line, step = _word(f, "line"), _word(f, "step")
    room, draws = f.room(_WORDS * far), f.room(_RUN * item)
    start = f["chunk"] * _RUN
    known = f.smaller(_RUN, rows - start)
    source = f.at(_word(f, "state", "ptr"), start * line)
    with f.loop(known, 0, wide) as s:
        here = f.smaller(wide, known - s)
        f.call("theon_states_read", f.at(source, s * line), line, step, here, f.at(room, s * 4), far)
    mine = f.smaller(known, streams - start)
    # The newest number of a recurrence takes the place of the oldest: places are turned, not moved.
    turn = [f.variable("i64", w * far) for w in range(3)]

    def read(at: Value) -> list[Value]:
        places = [p.get() for p in turn]
        return [f.load(vector, room, at + p + half, 4) for half in (0, 3 * far) for p in places]

    with f.when(mine > 0):
        with f.loop(whole) as i:
            with f.loop((mine + (wide - 1)) & -wide, 0, wide) as s:
                x, y, value = _stepped(f, dtype, read(s * 4))
                oldest = turn[2].get()
                f.store(x, room, oldest + s * 4, 4)
                f.store(y, room, oldest + (s * 4 + 3 * far), 4)
                f.store(value, draws, s * item, item)
            places = [p.get() for p in turn]
            for variable, place in zip(turn, (places[2], places[0], places[1])):
                variable.set(place)
            f.call("theon_drawn_run", f["frame"], i * streams + start, mine, draws)
        more = f.smaller(mine, rest - start)
        # The first streams give one more.
        with f.when(more > 0):
            places = [p.get() for p in turn]
            with f.loop(more, 0, wide) as s:
                before = read(s * 4)
                x, y, value = _stepped(f, dtype, before)
                targets = [p + half for half in (0, 3 * far) for p in places]
                for target, after, old in zip(targets, (x, *before[:2], y, *before[3:5]), before):
                    f.store(_first_lanes(f, more - s, after, old), room, target + s * 4, 4)
                f.store(value, draws, s * item, item)
            f.call("theon_drawn_run", f["frame"], whole * streams + start, more, draws)
    new, places = _word(f, "new", "ptr"), [p.get() for p in turn]
    with f.loop(mine, 0, wide) as s:
        into = f.at(new, (start + s) * (4 * _WORDS))
        f.call("theon_states_write", into, f.smaller(wide, mine - s), f.at(room, s * 4), *places, 3 * far)
    with f.loop(known, f.larger(mine, 0)) as s, f.loop(_WORDS) as w:
        f.store(f.load("i32", source, s * line + w * step), new, ((start + s) * _WORDS + w) * 4)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _run_text(dtype: str) -> str:
    """Run the kernel where draws ``first`` to ``first + count`` go: one call for each piece of a line along the last axis."""
    item = KINDS[dtype][1]
    parameters = [("frame", "ptr"), ("first", "i64"), ("count", "i64"), ("draws", "ptr")]
    f = Function("theon_drawn_run", parameters)
    axes, operands, drawn, width = (_word(f, name) for name in ("axes", "operands", "drawn", "width"))
    kernel, data, extents, strides, table = (
        _word(f, name, "ptr") for name in ("kernel", "data", "extents", "strides", "table")
    )
    pointers, sizes = f.room(8 * OPERANDS), f.room(8 * AXES)
    with f.loop(axes) as a:
        f.store(1, sizes, a * 8)
    last = axes - 1
    end = f["first"] + f["count"]
    at = f.variable("i64", f["first"])
    with f.loop((end - 1) // width + 1, f["first"] // width) as row:
        here = at.get()
        column = here % width
        length = f.smaller(width - column, end - here)
        with f.loop(operands) as o:
            step = column * f.load("i64", table, (o * axes + last) * 8)
            f.store(f.at(f.load("ptr", data, o * 8), step), pointers, o * 8)
        rest = f.variable("i64", row)
        with f.loop(last) as back:
            a = last - 1 - back
            n = f.load("i64", extents, a * 8)
            with f.when(n > 1):
                place = rest.get() % n
                rest.set(rest.get() // n)
                with f.loop(operands) as o:
                    step = place * f.load("i64", table, (o * axes + a) * 8)
                    f.store(f.at(f.load("ptr", pointers, o * 8), step), pointers, o * 8)
        f.store(f.at(f["draws"], (here - f["first"]) * item), pointers, drawn * 8)
        f.store(length, sizes, last * 8)
        f.emit(f"call i64 {kernel.text}(ptr {pointers.text}, ptr {sizes.text}, ptr {strides.text})")
        at.set(here + length)
    f.emit("ret void")
    return f.text(" noinline")
