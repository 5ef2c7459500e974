"""Convolutions with filters of 3×3 by minimal filtering: fewer products, of sums of neighbours.

A tile of ``OUT`` × ``OUT`` places needs ``SIDE`` × ``SIDE`` products for each pair of a channel and a filter, in place of
9 ``OUT``²: the image's tiles and the filters are transformed, multiplied element by element, which for all channels, filters
and tiles is one product of matrices for each element, and the results are transformed back (A. Lavin and S. Gray, Fast
Algorithms for Convolutional Neural Networks, 2015). Vectors run along channels and along filters, so that tiles may lie
anywhere. The transforms are those of Toom and Cook: values of polynomials at :data:`_POINTS` and at infinity.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction

from theon.codegen import pool
from theon.codegen.follow import call_after
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, call_tile, lanes, panels, pieces, rows

__all__ = ["FORWARD", "OUT", "SIDE", "TAPS", "WEIGHTS", "forward_text", "weights_text"]

TAPS = 3
OUT = 4
SIDE = OUT + TAPS - 1
# Small numbers that are exact in binary; with these the errors are about three times those of sums of products.
_POINTS = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-2)][: SIDE - 1]
_TOGETHER = 8
FORWARD = "top left groups group tall many slots slot after frame".split()
WEIGHTS = "top left groups flip tall many slots slot parts".split()

Matrix = list[list[Fraction]]


def _values(terms: int) -> Matrix:
    """The matrix that takes coefficients of a polynomial to its values."""
    return [[p**k for k in range(terms)] for p in _POINTS] + [[Fraction(int(k == terms - 1)) for k in range(terms)]]


def _inverse(matrix: Matrix) -> Matrix:
    n = len(matrix)
    rows_ = [list(row) + [Fraction(int(i == j)) for j in range(n)] for i, row in enumerate(matrix)]
    for i in range(n):
        pivot = next(r for r in range(i, n) if rows_[r][i])
        rows_[i], rows_[pivot] = rows_[pivot], rows_[i]
        rows_[i] = [x / rows_[i][i] for x in rows_[i]]
        for r in range(n):
            if r != i:
                rows_[r] = [x - rows_[r][i] * y for x, y in zip(rows_[r], rows_[i])]
    return [row[n:] for row in rows_]


def _turned(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix)]


@functools.cache
def _matrices() -> tuple[Matrix, list[Fraction]]:
    """The matrix of tiles, its rows scaled so that their smallest element is 1, and the factors that this leaves to filters."""
    found, scales = [], []
    for row in _turned(_inverse(_values(SIDE))):
        scale = min(abs(x) for x in row if x)
        found.append([x / scale for x in row])
        scales.append(scale)
    return found, scales


def _of_tiles() -> Matrix:
    return _matrices()[0]


def _of_factors(taps: int) -> Matrix:
    """The matrix of filters of ``taps`` elements."""
    return [[x * scale for x in row] for row, scale in zip(_values(taps), _matrices()[1])]


def _of_results(count: int) -> Matrix:
    return _turned(_values(count))


def _rounded(x: Value, to: int) -> Value:
    return (x + (to - 1)) & -to


def _plane(f: Function, places: Value, line: Value) -> Value:
    """Bytes from one plane to the next: not a power of two, for then all planes would meet in few sets of the cache."""
    return places * line + 64


def _packed(f: Function, vectors: Value, channels: Value, width: int) -> Value:
    """Bytes of the transformed filters of so many vectors, whatever their panels."""
    return vectors * (channels * width + 64) * (SIDE * SIDE)


def _combined(f: Function, dtype: str, row: Sequence[Fraction], values: Sequence[Value]) -> Value:
    """The sum of vectors by factors."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, fma = f"<{lane} x {kind}>", f"llvm.fmuladd.v{lane}f{8 * item}"
    total: Value | None = None
    for factor, value in sorted(zip(row, values), key=lambda pair: abs(pair[0]) != 1):
        if not factor:
            continue
        if total is None:
            total = value if factor == 1 else -value if factor == -1 else value * _equal(f, dtype, factor)
        elif abs(factor) == 1:
            total = total + value if factor == 1 else total - value
        else:
            total = f.call(fma, value, _equal(f, dtype, factor), total, result=vector)
    assert total is not None
    return total


def _watched(f: Function, dtype: str, values: list[Value], seen: Value) -> Value:
    """``seen``, or NaN where one of the values is not finite, or their sum."""
    while len(values) > 1:
        values = [a + b for a, b in zip(values[::2], values[1::2])] + (values[-1:] if len(values) % 2 else [])
    fma = f"llvm.fmuladd.v{lanes(dtype)}f{8 * KINDS[dtype][1]}"
    return f.call(fma, values[0], _equal(f, dtype, Fraction(0)), seen, result=seen.kind)


def _report(f: Function, dtype: str, seen: Value, flag: Value) -> None:
    """Set the flag where a lane of what was seen is NaN."""
    kind, item = KINDS[dtype]
    reduce = f"llvm.vector.reduce.fadd.v{lanes(dtype)}f{8 * item}"
    total = f.new(kind, f"call reassoc {kind} @{reduce}({kind} -0.0, {seen.kind} {seen.text})")
    with f.when(total.ordered("uno", total)):
        f.emit(f"store atomic i64 1, ptr {flag.text} monotonic, align 8")


def _declared(dtype: str) -> str:
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    return f"declare {kind} @llvm.vector.reduce.fadd.v{lane}f{8 * item}({kind}, <{lane} x {kind}>)"


def _equal(f: Function, dtype: str, x: Fraction) -> Value:
    kind, _ = KINDS[dtype]
    lane = lanes(dtype)
    one = f.value(float(x), kind).text
    return Value(f, f"<{lane} x {kind}>", f"<{', '.join([f'{kind} {one}'] * lane)}>")


def _square(f: Function, dtype: str, matrix: Matrix, values: list[list[Value]]) -> list[list[Value]]:
    """The matrix applied to both directions."""
    once = [[_combined(f, dtype, row, column) for column in zip(*values)] for row in matrix]
    return [[_combined(f, dtype, row, line) for row in matrix] for line in once]


def _tiles(dtype: str, name: str, matrix: Matrix, step: int) -> str:
    """Transform all tiles of a band, which lies place by place, channels side by side; one plane for each element."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    size = len(matrix[0])
    f = Function(
        f"theon_winograd_{name}_{dtype}",
        [(n, "ptr" if n in ("to", "from") else "i64") for n in "to plane from row line down across".split()],
    )
    with f.loop(f["down"]) as y, f.loop(f["across"]) as x:
        source = f.at(f["from"], y * step * f["row"] + x * step * f["line"])
        into = f.at(f["to"], (y * f["across"] + x) * f["line"])
        with f.loop(f["line"], 0, lane * item) as at:
            here = f.at(source, at)
            given = [
                [f.load(vector, here, f["row"] * i + f["line"] * j, item) for j in range(size)] for i in range(size)
            ]
            place = f.at(into, at)
            for i, line in enumerate(_square(f, dtype, matrix, given)):
                for j, value in enumerate(line):
                    f.store(value, place, f["plane"] * (i * len(matrix) + j), item)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _results(dtype: str) -> str:
    """Transform the products of all tiles of an image, a panel of filters, to places row by row."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    f = Function(
        f"theon_winograd_results_{dtype}",
        [(n, "ptr" if n in ("to", "from", "seen") else "i64") for n in "to from seen plane line down across".split()],
    )
    matrix = _of_results(OUT)
    row = f["across"] * OUT * f["line"]
    seen = f.variable(vector, f.load(vector, f["seen"], 0, item))
    with f.loop(f["down"]) as y, f.loop(f["across"]) as x:
        source = f.at(f["from"], (y * f["across"] + x) * f["line"])
        into = f.at(f["to"], y * OUT * row + x * OUT * f["line"])
        with f.loop(f["line"], 0, lane * item) as at:
            here = f.at(source, at)
            given = [
                [f.load(vector, here, f["plane"] * (i * SIDE + j), item) for j in range(SIDE)] for i in range(SIDE)
            ]
            place = f.at(into, at)
            found = _square(f, dtype, matrix, given)
            for i, line in enumerate(found):
                for j, value in enumerate(line):
                    f.store(value, place, row * i + f["line"] * j, item)
            seen.set(_watched(f, dtype, [value for line in found for value in line], seen.get()))
    f.store(seen.get(), f["seen"], 0, item)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _band_of_tiles(
    f: Function,
    dtype: str,
    name: str,
    x: Block,
    first: Value,
    channels: Value,
    top: Value,
    left: Value,
    sizes: tuple[Value, Value],
    rooms: tuple[Value, Value, Value],
    plane: Value,
    tiles: tuple[Value, Value],
) -> None:
    """Transform a band of an image: copied with zeros around it, turned so that channels lie side by side."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    line = _rounded(channels, lane) * item
    image, turned, into = rooms
    deep, pitch = sizes
    places = deep * pitch

    def clear(start: Value, count: Value) -> None:
        f.call(f"theon_copy_{dtype}", f.at(turned, start * line), Value(f, "ptr", "null"), 0, count * (line // item))

    begin = f.smaller(f.larger(0 - left, 0), pitch)
    count = f.smaller(f.larger(x.sizes[3] - left, begin), pitch) - begin
    dense = x.strides[3].same(item) & (count >= lane) & (channels >= lane) & line.same(channels * item)
    with f.when(dense), f.loop(deep) as y:
        at, start = top + y, y * pitch
        inside = (at >= 0) & (at < x.sizes[2])
        with f.unless(inside):
            clear(start, pitch)
        with f.when(inside):
            clear(start, begin)
            f.call(
                f"theon_turn_{dtype}", f.at(turned, (start + begin) * line), line, item,
                f.at(first, at * x.strides[2] + (left + begin) * item), x.strides[1], item, channels, count,
            )  # fmt: skip
            clear(start + begin + count, pitch - begin - count)
    with f.unless(dense):
        with f.when(channels * item < line), f.loop(places) as place:
            nothing = Value(f, f"<{lane} x {kind}>", "zeroinitializer")
            f.store(nothing, turned, (place + 1) * line - lane * item, item)
        f.call(
            f"theon_band_{dtype}", image, first, channels, x.strides[1], x.sizes[2], x.strides[2], x.sizes[3], x.strides[3],
            top, left, deep, pitch,
        )  # fmt: skip
        f.call(f"theon_turn_{dtype}", turned, line, item, image, places * item, item, channels, places)
    f.call(f"theon_winograd_{name}_{dtype}", into, plane, turned, pitch * line, line, *tiles)


@functools.cache
def forward_text(dtype: str, shared: bool) -> str:
    """``out[n, f, y, x] = sum over c, i, j of w[f, c, i, j] * image[n, c, y - top + i, x - left + j]`` for i, j < 3."""
    return "\n".join(
        [
            pool.DECLARATIONS if shared else "",
            pieces(dtype),
            _declared(dtype),
            _tiles(dtype, "tiles", _of_tiles(), OUT),
            _results(dtype),
            _filters_work(dtype),
            _forward_work(dtype),
            _forward_main(dtype, shared),
        ]
    )


def _forward_main(dtype: str, shared: bool) -> str:
    item = KINDS[dtype][1]
    lane = lanes(dtype)
    f = Function(
        f"theon_conv_tiles_{dtype}", [(n, "ptr") for n in "x w out flag table packed slots numbers".split()], "i64"
    )
    w, out = Block(f, f["w"], 4), Block(f, f["out"], 4)
    flag, table, packed, slots = (f.load("ptr", f[n]) for n in ("flag", "table", "packed", "slots"))
    f.store(0, flag)
    v = numbers(f, f["numbers"], FORWARD)
    filters, channels = w.sizes[:2]
    batch, _, lines, columns = out.sizes
    with f.when((batch > 0) & (filters > 0) & (lines > 0) & (columns > 0)):
        vectors = (filters + (lane - 1)) // lane
        line = _rounded(channels, lane) * item
        f.call(f"theon_offsets_{dtype}", table, 1, 0, 1, 0, channels, item, channels)
        bases = f.at(table, channels * 8)
        f.call(f"theon_offsets_{dtype}", bases, 1, 0, 1, 0, rows(), line, rows())
        with f.loop(v["slots"]) as i:
            f.store(0, slots, i * v["slot"])
        down, across = (lines + (OUT - 1)) // OUT, (columns + (OUT - 1)) // OUT
        bands = (down + v["tall"] - 1) // v["tall"]
        total = (batch + v["many"] - 1) // v["many"] * bands
        frame = f.room(8 * 16)
        for place, word in enumerate(
            (f["x"], f["w"], f["out"], table, packed, slots, f["numbers"], vectors, down, across, bands, total, flag)
        ):
            f.store(word, frame, 8 * place)
        units = v["groups"] * vectors
        run(f, f"theon_winograd_filters_{dtype}", frame, units, units * lane * channels * 40, shared)
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


def _filters_work(dtype: str) -> str:
    """Transform the filters of one vector: laid out by panel, element, channel."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    f = Function(f"theon_winograd_filters_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
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
    each = TAPS * TAPS * width
    corner = f.room(_TOGETHER * each)
    with f.loop(_TOGETHER * each, 0, width) as place:
        f.store(Value(f, vector, "zeroinitializer"), corner, place, item)
    own = f.at(w.data, g * v["group"] + at * lane * w.strides[0])
    plane = _plane(f, channels, count * width)
    matrix = _of_factors(TAPS)
    with f.loop(channels, 0, _TOGETHER) as start:
        here = f.smaller(channels - start, _TOGETHER)
        with f.loop(here) as c, f.loop(known) as n:
            source = f.at(own, n * w.strides[0] + (start + c) * w.strides[1])
            target = f.at(corner, c * each + n * item)
            for i in range(TAPS):
                for j in range(TAPS):
                    value = f.load(kind, source, w.strides[2] * i + w.strides[3] * j)
                    f.store(value, target, (i * TAPS + j) * width)
        with f.loop(here) as c:
            taps = f.at(corner, c * each)
            given = [[f.load(vector, taps, (i * TAPS + j) * width, item) for j in range(TAPS)] for i in range(TAPS)]
            target = f.at(into, (start + c) * count * width)
            for i, line in enumerate(_square(f, dtype, matrix, given)):
                for j, value in enumerate(line):
                    f.store(value, target, plane * (i * SIDE + j), item)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _forward_work(dtype: str) -> str:
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
    batch, _, lines, columns = out.sizes
    line = _rounded(channels, lane) * item
    bases = f.at(table, channels * 8)
    slot = take_slot(f, slots, v["slots"], v["slot"])
    image = f.at(slot, LOCK)
    pitch = across * OUT + (TAPS - 1)
    deep = v["tall"] * OUT + (TAPS - 1)
    turned = f.at(image, _rounded(channels * deep * pitch * item, 64))
    data = f.at(turned, deep * pitch * line)
    most = _rounded(v["many"] * v["tall"] * across, rows())
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
        whole = _rounded(tiles, rows())
        plane = _plane(f, whole, line)
        with f.loop(count) as i:
            source = f.at(x.data, (image_ + i) * x.strides[0] + g * channels * x.strides[1])
            _band_of_tiles(
                f, dtype, "tiles", x, source, channels, start * OUT - v["top"], 0 - v["left"], (here * OUT + (TAPS - 1), pitch),
                (image, turned, f.at(data, i * each * line)), plane, (here, across),
            )  # fmt: skip

        def panel(at: Value, n: Value) -> None:
            row = n * width
            apart = _plane(f, whole, row)
            factors = f.at(packed, g * _packed(f, vectors, channels, width) + _packed(f, at, channels, width))
            own = _plane(f, channels, row)
            with f.loop(SIDE * SIDE) as k, f.loop(whole, 0, rows()) as t:
                no = Value(f, "i1", "false")
                call_tile(
                    f, dtype, n, f.at(data, k * plane + t * line), bases, table, channels,
                    f.at(factors, k * own), row, f.at(products, k * apart + t * row), row, no,
                )  # fmt: skip
            known = f.smaller(n * lane, filters - at * lane)
            with f.loop(count) as i:
                f.call(
                    f"theon_winograd_results_{dtype}", places, f.at(products, i * each * row), seen, apart, row, here,
                    across,
                )  # fmt: skip
                target = f.at(
                    out.data,
                    (image_ + i) * out.strides[0]
                    + (g * filters + at * lane) * out.strides[1]
                    + start * OUT * out.strides[2],
                )
                shown = f.smaller(here * OUT, lines - start * OUT)
                flat = out.strides[2].same(columns * out.strides[3]) & columns.same(across * OUT)
                many = f.select(flat, 1, shown)
                size = f.select(flat, shown * columns, columns)
                with f.loop(many) as y:
                    f.call(
                        f"theon_turn_{dtype}", f.at(target, y * out.strides[2]), out.strides[1], out.strides[3],
                        f.at(places, y * across * OUT * row), row, item, size, known,
                    )  # fmt: skip

        panels(f, vectors, panel)
        with f.when((g + 1).same(v["groups"])), f.loop(count) as i:
            known = f.smaller(here * OUT, lines - start * OUT)
            end = f.select((start + here).same(down), 1, 0)
            call_after(f, v, image_ + i, f.value(0, "i64"), out.sizes[1], start * OUT, known, end)
    _report(f, dtype, f.load(f"<{lane} x {kind}>", seen, 0, item), f.load("ptr", f["frame"], 96))
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


@functools.cache
def weights_text(dtype: str, shared: bool) -> str:
    """``out[f, c, i, j] = sum over n, y, x of g[n, f, y, x] * image[n, c, y - top + i, x - left + j]`` for i, j < 3.

    Tiles of ``g`` are the filters. Blocks of tiles are divided into a fixed number of parts, whose sums are added in order: the
    same bits for any number of threads.
    """
    return "\n".join(
        [
            pool.DECLARATIONS if shared else "",
            pieces(dtype),
            _declared(dtype),
            _tiles(dtype, "tiles", _of_tiles(), OUT),
            _tiles(dtype, "slopes", _of_factors(OUT), OUT),
            _weights_work(dtype),
            _sums_work(dtype),
            _weights_main(dtype, shared),
        ]
    )


def _weights_main(dtype: str, shared: bool) -> str:
    item = KINDS[dtype][1]
    lane = lanes(dtype)
    f = Function(
        f"theon_conv_tiles_weights_{dtype}",
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
        down, across = (lines + (OUT - 1)) // OUT, (columns + (OUT - 1)) // OUT
        bands = (down + v["tall"] - 1) // v["tall"]
        total = (batch + v["many"] - 1) // v["many"] * bands
        slope = _rounded(filters, lane) * item
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
        run(f, f"theon_winograd_sums_{dtype}", frame, out.sizes[0], channels * out.sizes[0] * v["parts"] * 40, shared)
    f.emit("ret i64 0")
    return f.text(attributes(), "")


def _weights_work(dtype: str) -> str:
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
    line, slope = _rounded(channels, lane) * item, _rounded(filters, lane) * item
    vectors = (channels + (lane - 1)) // lane
    most = v["many"] * v["tall"] * across
    bases = f.at(table, most * 8)
    slot = take_slot(f, slots, v["slots"], v["slot"])
    image = f.at(slot, LOCK)
    deep, pitch = v["tall"] * OUT + (TAPS - 1), across * OUT + (TAPS - 1)
    wide = f.larger(line, slope)
    turned = f.at(image, deep * pitch * wide)
    data = f.at(turned, deep * pitch * wide)
    slopes = f.at(data, _plane(f, most, line) * (SIDE * SIDE))
    some = _rounded(filters, rows())
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
            _band_of_tiles(
                f, dtype, "tiles", x, source, channels, start * OUT - v["top"], 0 - v["left"], (here * OUT + (TAPS - 1), pitch),
                (image, turned, f.at(data, i * each * line)), _plane(f, tiles, line), (here, across),
            )  # fmt: skip
            source = f.at(g.data, (image_ + i) * g.strides[0] + k * filters * g.strides[1])
            _band_of_tiles(
                f, dtype, "slopes", g, source, filters, start * OUT, f.value(0, "i64"), (here * OUT, across * OUT),
                (image, turned, f.at(slopes, i * each * slope)), _plane(f, tiles, slope), (here, across),
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


def _sums_work(dtype: str) -> str:
    """Add up the parts of a filter's sums in order and transform them back."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    width = lane * item
    vector = f"<{lane} x {kind}>"
    f = Function(f"theon_winograd_sums_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    out = Block(f, f.load("ptr", f["frame"], 16), 4)
    sums = f.load("ptr", f["frame"], 32)
    v = numbers(f, f.load("ptr", f["frame"], 48), WEIGHTS)
    channels, filters = out.sizes[1], out.sizes[0] // v["groups"]
    line = _rounded(channels, lane) * item
    some = _rounded(filters, rows())
    k, r = f["chunk"] // filters, f["chunk"] % filters
    plane = _plane(f, some, line)
    size = v["groups"] * plane * (SIDE * SIDE)
    seen = f.variable(vector, Value(f, vector, "zeroinitializer"))
    own = f.at(sums, k * plane * (SIDE * SIDE) + r * line)
    corner = f.room(TAPS * TAPS * width)
    target = f.at(out.data, f["chunk"] * out.strides[0])
    with f.loop(line, 0, width) as at:
        here = f.at(own, at)
        given: list[list[Value]] = []
        for i in range(SIDE):
            given.append([])
            for j in range(SIDE):
                total = f.variable(vector, f.load(vector, here, plane * (i * SIDE + j), item))
                with f.loop(v["parts"], 1) as part:
                    total.set(total.get() + f.load(vector, here, plane * (i * SIDE + j) + part * size, item))
                given[-1].append(total.get())
        found = _square(f, dtype, _of_results(TAPS), given)
        for place, value in enumerate(value for row in found for value in row):
            f.store(value, corner, place * width, item)
        # Turned filters are counted from their other end.
        start = at // item
        with f.loop(f.smaller(channels - start, lane)) as c, f.loop(TAPS) as y, f.loop(TAPS) as x:
            row, column = (f.select(v["flip"] > 0, (TAPS - 1) - n, n) for n in (y, x))
            value = f.load(kind, corner, (row * TAPS + column) * width + c * item)
            f.store(value, target, (start + c) * out.strides[1] + y * out.strides[2] + x * out.strides[3])
        seen.set(_watched(f, dtype, [value for row in found for value in row], seen.get()))
    _report(f, dtype, seen.get(), f.load("ptr", f["frame"], 88))
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())
