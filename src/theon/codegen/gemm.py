"""Products of matrices that lie anywhere in memory, with the threads that kernels have: the same bits for any number of them.

The right factor is laid out in panels as wide as a tile, unless it is used only once and its rows are contiguous; the left
one is read where it lies. Thin products are sums along contiguous memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from theon.codegen import pool
from theon.codegen.native import Function, Value, Variable, attributes
from theon.codegen.shared import LOCK, Block, give_slot, run, take_slot
from theon.codegen.small import MOST, few_text, small_text
from theon.codegen.tile import KINDS, call_late, lanes, late_pieces, make_ready, rows

__all__ = ["gemm_parts", "gemm_text", "stack_text"]

_DEPTH = 768  # products summed in registers at a time
_ONCE = 24  # rows of the left factor up to which the right one is read where it lies
_THIN = 3  # columns of a thin result
_RUN = 2048  # rows next to each other that a thin product sums at a time
_PART = 16384  # elements of a column at a time
_WIDE = 1 << 22  # products up to which a row of results is divided into long parts
_LINES = 4  # rows of a thin product that are summed together
_SPLIT = 16384  # elements of results that may be summed in several parts
_LONG = 131072  # elements of right factors, of which threads then read rows that lie together
Written = Callable[[Value, Value], None]


def _slot(dtype: str, part: str) -> int:
    """Bytes of a thread's workspace: a column and a run of sums; or offsets, bases, one tile and one panel."""
    item = KINDS[dtype][1]
    if part == "thin":
        return LOCK + (_PART + _RUN) * item
    wide = 3 * lanes(dtype)
    return LOCK + _DEPTH * 8 + 64 + rows() * wide * item + _DEPTH * wide * item


def _space(dtype: str, part: str, threads: int) -> str:
    found = [("space", _slot(dtype, part))] + ([("sums", _sums(dtype))] if part == "panel" else [])
    return "\n".join(
        f"@theon_gemm_{name} = internal global [{nbytes * threads} x i8] zeroinitializer, align 64"
        for name, nbytes in found
    )


@functools.cache
def gemm_text(dtype: str) -> str:
    """``out[i, j] = sum over k of x[i, k] * y[k, j]``: small products here, others by the parts of :func:`gemm_parts`."""
    return small_text(f"theon_gemm_{dtype}", *KINDS[dtype], _THIN)


def gemm_parts(dtype: str, threads: int) -> dict[str, functools.partial[str]]:
    """The texts of modules with a function each, by the function's name: thin products and all others.

    Few programs need both, so that each is compiled when it is called first.
    """
    return {
        f"theon_gemm_{dtype}_{part}": functools.partial(_part_text, dtype, part, threads) for part in ("thin", "panel")
    }


@functools.cache
def _part_text(dtype: str, part: str, threads: int) -> str:
    parts = [
        late_pieces(dtype),
        (_thin_work if part == "thin" else _panel_work)(dtype, threads),
        (_thin if part == "thin" else _panel)(dtype, threads),
        _space(dtype, part, threads),
    ]
    return "\n".join([pool.DECLARATIONS if threads > 1 else "", *parts])


@functools.cache
def stack_text(dtype: str, threads: int) -> str:
    """``out[b, i, j] = sum over k of x[b, i, k] * y[b, k, j]``, by panels, or a matrix at a time where they are small."""
    symbol = f"theon_gemm_stack_{dtype}"
    parts = [
        late_pieces(dtype), few_text(symbol, *KINDS[dtype]), _few_work(symbol, dtype),
        _panel_work(dtype, threads, stack=True), _stack(symbol, dtype, threads), _space(dtype, "panel", threads),
    ]  # fmt: skip
    return "\n".join([pool.DECLARATIONS if threads > 1 else "", *parts])


_PARAMETERS = [(name, "ptr") for name in ("x", "y", "out", "numbers")]


def _thin(dtype: str, threads: int) -> str:
    f = Function(f"theon_gemm_{dtype}_thin", _PARAMETERS, "i64")
    y, out = Block(f, f["y"], 2), Block(f, f["out"], 2)
    (lines, columns), depth = out.sizes, y.sizes[0]
    frame = f.room(64)
    # A result of few rows is the transpose of one of few columns.
    flat = columns > _THIN
    turned = [f.room(40) for _ in range(3)]
    for place, (own, other) in enumerate(zip(turned, (f["y"], f["x"], f["out"]))):
        for to, of in enumerate((0, 2, 1, 4, 3)):
            f.store(f.load("i64", other, 8 * of), own, 8 * to)
        f.store(f.select(flat, own, (f["x"], f["y"], f["out"])[place], "ptr"), frame, 8 * place)
    lines, columns = f.select(flat, columns, lines), f.select(flat, lines, columns)
    with f.when((lines > 0) & (columns > 0)):
        # One row times a matrix adds rows of that: the longer the part of each, the quicker it is read.
        runs = f.load("i64", f.load("ptr", frame), 24).same(KINDS[dtype][1])
        part = f.select(runs & (lines * columns * depth < _WIDE), 512, 64)
        chunks = f.smaller((lines + (part - 1)) // part, 8 * threads)
        run(f, f"theon_gemm_thin_{dtype}", frame, chunks, lines * columns * depth, threads > 1)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _panel(dtype: str, threads: int) -> str:
    f = Function(f"theon_gemm_{dtype}_panel", _PARAMETERS, "i64")
    y, out = Block(f, f["y"], 2), Block(f, f["out"], 2)
    (lines, columns), depth = out.sizes, y.sizes[0]
    frame, chunks = _divided(f, dtype, threads, lines, columns, f.value(1, "i64"), _rowwise(y, dtype))
    # Few rows: the sums of some rows of the right factor after those of others. Such products take the time that the factor
    # takes to be read, and a thread that changes some of its rows has them in its caches. The same for any number of threads.
    long = _rowwise(y, dtype) & (lines <= _ONCE) & (lines * columns <= _SPLIT) & (depth * columns >= _LONG)
    splits = f.select(long & (depth >= 512), f.select(depth >= 1024, 4, 2), 1)
    f.store(splits, frame, 48)
    weight = lines * columns * depth
    with f.unless(splits > 1):
        run(f, f"theon_gemm_panel_{dtype}", frame, chunks, weight, threads > 1)
    with f.when(splits > 1):
        _in_parts(f, dtype, threads, frame, chunks, splits, out, weight)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _in_parts(
    f: Function, dtype: str, threads: int, frame: Value, chunks: Value, splits: Value, out: Block, weight: Value
) -> None:
    """A product whose sums are made in parts: the first where the result is, to which the others are added."""
    (kind, item), lane = KINDS[dtype], lanes(dtype)
    lines, columns = out.sizes
    space, nbytes = Value(f, "ptr", "@theon_gemm_sums"), f.value(_sums(dtype), "i64")
    slot = take_slot(f, space, f.value(threads, "i64"), nbytes, f.value(0, "i64"))
    f.store(f.at(slot, LOCK), frame, 56)
    run(f, f"theon_gemm_panel_{dtype}", frame, chunks * splits, weight, threads > 1)
    whole = f.select(out.strides[1].same(item), columns & -lane, 0)
    with f.loop(splits, 1) as s, f.loop(lines) as i:
        for one, first, last, step in ((f"<{lane} x {kind}>", 0, whole, lane), (kind, whole, columns, 1)):
            with f.loop(last, first, step) as j:
                place = f.at(out.data, i * out.strides[0] + j * out.strides[1])
                more = f.load(one, slot, LOCK + (((s - 1) * lines + i) * columns + j) * item, item)
                f.store(f.new(one, f"fadd {one} {f.load(one, place, 0, item).text}, {more.text}"), place, 0, item)
    give_slot(f, slot)


def _sums(dtype: str) -> int:
    """Bytes of the sums behind the first ones, of a product whose sums are made in parts."""
    return LOCK + 3 * _SPLIT * KINDS[dtype][1]


def _divided(
    f: Function, dtype: str, threads: int, lines: Value, columns: Value, members: Value, rowwise: Value
) -> tuple[Value, Value]:
    """What the parts of the work share, and how many there are: panels of columns in blocks of rows of each product."""
    lane = lanes(dtype)
    frame = f.room(64)
    for place, name in enumerate(("x", "y", "out")):
        f.store(f[name], frame, 8 * place)
    vectors = (columns + (lane - 1)) // lane
    panels = (vectors + 2) // 3
    wanted = (panels * members + (6 * threads - 1)) // (panels * members)
    blocks = f.larger(f.smaller(wanted, (lines + 31) // 32), 1)
    few, many = vectors // panels, (vectors + (panels - 1)) // panels
    turned = f.new("i1", f"xor i1 {rowwise.text}, true")
    make_ready(f, dtype, [*(few.same(n) | many.same(n) for n in (1, 2, 3)), turned])
    f.store(vectors, frame, 24)
    f.store(panels, frame, 32)
    f.store(blocks, frame, 40)
    f.store(1, frame, 48)
    return frame, panels * blocks * members


def _rowwise(y: Block, dtype: str) -> Value:
    """Whether the rows of a right factor are runs of memory."""
    return y.strides[-1].same(KINDS[dtype][1])


def _stack(symbol: str, dtype: str, threads: int) -> str:
    f = Function(symbol, _PARAMETERS, "i64")
    y, out = Block(f, f["y"], 3), Block(f, f["out"], 3)
    (members, lines, columns), depth = out.sizes, y.sizes[1]
    weight = members * lines * columns * depth
    with f.when((members > 0) & (lines > 0) & (columns > 0)):
        small = (lines <= MOST) & (columns <= MOST) & (depth <= MOST) & (lines * columns * depth <= MOST)
        with f.when(small):
            frame = f.room(64)
            for place, name in enumerate(("x", "y", "out")):
                f.store(f[name], frame, 8 * place)
            run(f, f"{symbol}_few_work", frame, f.smaller(members, 8 * threads), weight, threads > 1)
        with f.unless(small):
            frame, chunks = _divided(f, dtype, threads, lines, columns, members, _rowwise(y, dtype))
            run(f, f"theon_gemm_panel_{dtype}", frame, chunks, weight, threads > 1)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _few_work(symbol: str, dtype: str) -> str:
    """Some of the small products of a stack, each by itself."""
    f = Function(f"{symbol}_few_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    blocks = [Block(f, f.load("ptr", f["frame"], 8 * i), 3) for i in range(3)]
    own = [f.room(40) for _ in blocks]
    for block, place in zip(blocks, own):
        for word, value in enumerate((*block.sizes[1:], *block.strides[1:])):
            f.store(value, place, 8 + 8 * word)
    members = blocks[0].sizes[0]
    with f.loop(members * (f["chunk"] + 1) // f["chunks"], members * f["chunk"] // f["chunks"]) as i:
        for block, place in zip(blocks, own):
            f.store(f.at(block.data, i * block.strides[0]), place)
        f.call(f"{symbol}_few", *own)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _place(f: Function, dtype: str, part: str, threads: int) -> Value:
    space = Value(f, "ptr", "@theon_gemm_space")
    return take_slot(f, space, f.value(threads, "i64"), f.value(_slot(dtype, part), "i64"))


def _panel_work(dtype: str, threads: int, stack: bool = False) -> str:
    kind, item = KINDS[dtype]
    lane, tall = lanes(dtype), rows()
    wide = 3 * lane
    f = Function(f"theon_gemm_panel_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    x, y, out = (Block(f, f.load("ptr", f["frame"], 8 * i), 3 if stack else 2) for i in range(3))
    vectors, panels, blocks = (f.load("i64", f["frame"], 24 + 8 * i) for i in range(3))
    chunk = f["chunk"]
    if stack:
        x, y, out = (block.member(f, chunk // (panels * blocks)) for block in (x, y, out))
        chunk = chunk % (panels * blocks)
    (lines, columns), depth = out.sizes, y.sizes[0]
    low, high = f.value(0, "i64"), depth
    if not stack:  # a part of the sums, with a place of its own behind the first part
        splits, split = f.load("i64", f["frame"], 48), chunk // (panels * blocks)
        chunk = chunk % (panels * blocks)
        low, high = depth * split // splits, depth * (split + 1) // splits
        with_sums = f.at(f.load("ptr", f["frame"], 56), (split - 1) * (lines * columns * item))
        out.data = f.select(split > 0, with_sums, out.data, "ptr")
        out.strides = [
            f.select(split > 0, own, given) for own, given in zip((columns * item, item), out.strides, strict=True)
        ]
    slot = _place(f, dtype, "panel", threads)
    offsets = f.at(slot, LOCK)
    bases = f.at(offsets, _DEPTH * 8)
    corner = f.at(bases, 64)
    room = f.at(corner, tall * wide * item)
    panel, block = chunk % panels, chunk // panels
    first = vectors * panel // panels
    count = vectors * (panel + 1) // panels - first
    width = count * (lane * item)
    start = first * lane
    known = f.smaller(count * lane, columns - start)
    top, bottom = lines * block // blocks, lines * (block + 1) // blocks
    length = high - low
    steps = f.larger((length + (_DEPTH - 1)) // _DEPTH, 1)
    direct = y.strides[1].same(item) & known.same(count * lane) & (bottom - top <= _ONCE)
    inside = known.same(count * lane) & out.strides[1].same(item)
    with f.loop(steps) as step:
        begin = low + length * step // steps
        deep = low + length * (step + 1) // steps - begin
        with f.loop(deep) as k:
            f.store(k * x.strides[1], offsets, k * 8)
        own = f.at(y.data, begin * y.strides[0] + start * y.strides[1])
        with f.unless(direct):
            _lay(f, dtype, room, width, own, y, deep, known, count * lane)
        factors, line = f.select(direct, own, room, "ptr"), f.select(direct, y.strides[0], width)
        source = f.at(x.data, begin * x.strides[1])
        with f.loop(bottom, top, tall) as i:
            here = f.smaller(tall, bottom - i)
            for m in range(tall):
                f.store((i + f.smaller(m, here - 1)) * x.strides[0], bases, 8 * m)
            whole = inside & here.same(tall)
            into = f.at(out.data, i * out.strides[0] + start * out.strides[1])
            target = f.select(whole, into, corner, "ptr")
            row = f.select(whole, out.strides[0], wide * item)
            keep = whole & (step > 0)
            call_late(f, dtype, count - 1, source, bases, offsets, deep, factors, line, target, row, keep)
            with f.unless(whole), f.loop(here) as r, f.loop(known) as j:
                place = f.at(into, r * out.strides[0] + j * out.strides[1])
                found = f.variable(kind, f.load(kind, corner, (r * wide + j) * item))
                with f.when(step > 0):
                    found.set(found.get() + f.load(kind, place))
                f.store(found.get(), place)
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _lay(
    f: Function, dtype: str, room: Value, width: Value, own: Value, y: Block, deep: Value, known: Value, lanes_: Value
) -> None:
    """Copy a panel of the right factor, lanes beyond its columns as zeros."""
    item = KINDS[dtype][1]
    rowwise = y.strides[1].same(item)
    nothing = Value(f, "ptr", "null")
    with f.when(rowwise), f.loop(deep) as k:
        f.call(f"theon_copy_{dtype}", f.at(room, k * width), f.at(own, k * y.strides[0]), item, known)
    with f.unless(rowwise):
        call_late(f, dtype, 3, room, width, item, own, y.strides[1], y.strides[0], known, deep)
    with f.when(known < lanes_), f.loop(deep) as k:
        f.call(f"theon_copy_{dtype}", f.at(room, k * width + known * item), nothing, item, lanes_ - known)


def _thin_work(dtype: str, threads: int) -> str:
    """Some rows of a result of few columns: each column of the right factor is copied, then summed with each row."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    f = Function(f"theon_gemm_thin_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    x, y, out = (Block(f, f.load("ptr", f["frame"], 8 * i), 2) for i in range(3))
    (lines, columns), depth = out.sizes, y.sizes[0]
    slot = _place(f, dtype, "thin", threads)
    column = f.at(slot, LOCK)
    top, bottom = lines * f["chunk"] // f["chunks"], lines * (f["chunk"] + 1) // f["chunks"]
    with f.loop(columns) as j, f.loop(f.larger(depth, 1), 0, _PART) as begin:
        n = f.smaller(depth - begin, _PART)
        source = f.at(y.data, begin * y.strides[0] + j * y.strides[1])
        f.call(f"theon_copy_{dtype}", column, source, y.strides[0], n)

        def written(i: Value, total: Value, j: Value = j, begin: Value = begin) -> None:
            place = f.at(out.data, i * out.strides[0] + j * out.strides[1])
            found = f.variable(kind, total)
            with f.when(begin > 0):
                found.set(found.get() + f.load(kind, place))
            f.store(found.get(), place)

        with f.when(x.strides[1].same(item)):
            _dots(f, dtype, x, top, bottom, begin, n, column, written)
        with f.unless(x.strides[1].same(item)):
            _axpy(f, dtype, x, top, bottom, begin, n, column, written)
    give_slot(f, slot)
    f.emit("ret i64 0")
    names = [f"{kind} @llvm.fmuladd.f{8 * item}({kind}, {kind}, {kind})"]
    names.append(f"{kind} @llvm.vector.reduce.fadd.v{lane}f{8 * item}({kind}, {vector})")
    names.append(f"{vector} @llvm.masked.load.v{lane}f{8 * item}.p0(ptr, i32, <{lane} x i1>, {vector})")
    return f.text(" noinline" + attributes()) + "\n".join(f"declare {name}" for name in names)


def _dots(
    f: Function,
    dtype: str,
    x: Block,
    top: Value,
    bottom: Value,
    begin: Value,
    n: Value,
    column: Value,
    written: Written,
) -> None:
    """Rows that are runs of memory, four with each read of the column; the last rows stand in several places."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, bit = f"<{lane} x {kind}>", f"<{lane} x i1>"
    rest = n & (lane - 1)
    counted = ", ".join(f"i64 {i}" for i in range(lane))
    mask = f.new(bit, f"icmp ult <{lane} x i64> <{counted}>, {_spread(f, f'<{lane} x i64>', lane, rest).text}")
    zero = Value(f, vector, "zeroinitializer")

    def masked(place: Value) -> Value:
        name = f"llvm.masked.load.v{lane}f{8 * item}.p0"
        return f.call(name, place, Value(f, "i32", str(item)), mask, zero, result=vector)

    with f.loop(bottom, top, _LINES) as i:
        here = [i, *(f.smaller(i + m, bottom - 1) for m in range(1, _LINES))]
        lines = [f.at(x.data, row * x.strides[0] + begin * item) for row in here]
        sums = [[f.variable(vector, zero) for _ in range(2)] for _ in lines]

        def added(k: Value, several: int, sums: list[list[Variable]] = sums, lines: list[Value] = lines) -> None:
            for v in range(several):
                at = (k + v * lane) * item
                factor = f.load(vector, column, at, item)
                for line, own in zip(lines, sums):
                    product = (f.load(vector, line, at, item), factor, own[v].get())
                    own[v].set(f.call(f"llvm.fmuladd.v{lane}f{8 * item}", *product, result=vector))

        whole = n & -(2 * lane)
        with f.loop(whole, 0, 2 * lane) as k:
            added(k, 2)
        with f.loop(n & -lane, whole, lane) as k:
            added(k, 1)
        with f.when(rest > 0):
            at = (n - rest) * item
            factor = masked(f.at(column, at))
            for line, own in zip(lines, sums):
                product = (masked(f.at(line, at)), factor, own[1].get())
                own[1].set(f.call(f"llvm.fmuladd.v{lane}f{8 * item}", *product, result=vector))
        reduce = f"llvm.vector.reduce.fadd.v{lane}f{8 * item}"
        for m, (row, own) in enumerate(zip(here, sums)):
            total = own[0].get() + own[1].get()
            found = f.new(kind, f"call reassoc {kind} @{reduce}({kind} -0.0, {vector} {total.text})")
            if m == 0:
                written(row, found)
            else:
                with f.when(i + m < bottom):
                    written(row, found)


def _axpy(
    f: Function,
    dtype: str,
    x: Block,
    top: Value,
    bottom: Value,
    begin: Value,
    n: Value,
    column: Value,
    written: Written,
) -> None:
    """Rows next to each other in memory: a run of sums, to which eight columns of ``x`` are added at a time, in their order."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    sums = f.at(column, _PART * item)
    with f.loop(bottom, top, _RUN) as start:
        count = f.smaller(bottom - start, _RUN)
        f.call(f"theon_copy_{dtype}", sums, Value(f, "ptr", "null"), 0, count)
        own = f.at(x.data, start * x.strides[0] + begin * x.strides[1])
        done: Value = f.value(0, "i64")
        for together in (8, 1):
            end = n & -together
            with f.loop(end, done, together) as k:
                factors = [f.load(kind, column, (k + c) * item) for c in range(together)]
                lines = [f.at(own, (k + c) * x.strides[1]) for c in range(together)]
                whole = f.select(x.strides[0].same(item), count & -lane, 0)
                for width, first, last in ((lane, 0, whole), (1, whole, count)):
                    vector = f"<{lane} x {kind}>" if width > 1 else kind
                    spread = [_spread(f, vector, lane, v) if width > 1 else v for v in factors]
                    name = f"llvm.fmuladd.{f'v{lane}' if width > 1 else ''}f{8 * item}"
                    with f.loop(last, first, width) as r:
                        total = f.load(vector, sums, r * item, item)
                        for factor, line in zip(spread, lines):
                            value = f.load(vector, line, r * x.strides[0], item)
                            total = f.call(name, value, factor, total, result=vector)
                        f.store(total, sums, r * item, item)
            done = end
        with f.loop(count) as r:
            written(start + r, f.load(kind, sums, r * item))


def _spread(f: Function, vector: str, lane: int, x: Value) -> Value:
    one = f.new(vector, f"insertelement {vector} poison, {x.kind} {x.text}, i64 0")
    return f.new(vector, f"shufflevector {vector} {one.text}, {vector} poison, <{lane} x i32> zeroinitializer")
