"""The inner pieces of convolutions: a tile of products in registers, transposition in blocks, copies with borders of zeros.

A tile is ``rows()`` x (1 to 3 vectors) of sums: ``C[m, :] (+)= sum over t of src[bases[m] + offsets[t]] * B[t, :]``. Both
tables hold bytes, so that the same tile serves any stride, dilation, border and group, forward and for both gradients.

Convolutions take all pieces of a dtype as one module. Products of matrices, which mostly need few of them, look them up in
a table and have them compiled when a product needs them first.
"""

from __future__ import annotations

import ctypes
import functools
import re
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from theon.codegen import target
from theon.codegen.jit import CompiledModule, compile_module
from theon.codegen.native import Function, Value, attributes

__all__ = [
    "KINDS", "call_late", "call_tile", "lanes", "late_pieces", "make_ready", "panels", "pieces", "rows", "symbols"
]  # fmt: skip

KINDS = {"float32": ("float", 4), "float64": ("double", 8)}


def _features() -> str:
    return target._host()[2]


def _registers() -> int:
    return 32 if target.wide_vectors() or target._host()[0].startswith(("aarch64", "arm64")) else 16


def lanes(dtype: str) -> int:
    """Return how many numbers a vector holds."""
    width = 64 if target.wide_vectors() else 32 if "+avx," in _features() + "," else 16
    return width // KINDS[dtype][1]


def rows() -> int:
    """Return how many rows a tile has: with three vectors each, its sums fill the registers."""
    return 8 if _registers() == 32 else 4


def panels(f: Function, vectors: Value, body: Callable[[Value, Value], None]) -> None:
    """Divide vectors into panels of 3, 2 or 1; ``body`` gets the first vector of each and their number."""
    at = f.variable("i64", 0)
    with f.loop(vectors):
        here = at.get()
        rest = vectors - here
        with f.when(rest > 0):
            count = f.select(rest.same(4), 2, f.smaller(rest, 3))
            body(here, count)
            at.set(here + count)


def call_tile(f: Function, dtype: str, vectors: Value, *args: Value) -> None:
    """Call the tile of that many vectors; arguments are those of the function."""
    for n in (1, 2, 3):
        with f.when(vectors.same(n)):
            f.call(f"theon_tile{n}_{dtype}", *args)


@functools.cache
def pieces(dtype: str, images: bool = True) -> str:
    """Return what a module needs to call the functions, whose names end in the dtype: those for ``images`` only if asked for."""
    names = [*_PRODUCTS, *(_IMAGES if images else ())]
    parts = [*(_declared(_definition(name, dtype)) for name in names), _fma(dtype)]
    return "\n".join(parts)


def late_pieces(dtype: str) -> str:
    """Return what a module needs that calls :func:`make_ready` and :func:`call_late`, and copies."""
    return f"@theon_late_{dtype} = external global [{len(_LATE) + 1} x ptr]\n{_declared(_copy(dtype))}"


def make_ready(f: Function, dtype: str, wanted: Sequence[Value]) -> None:
    """Have the pieces compiled that are wanted, of tiles of 1, 2, 3 vectors and transposition; not to be called by workers.

    A thread that waits for workers may hold the interpreter, which compiling takes. Returns 1 where a piece cannot be made.
    """
    table = Value(f, "ptr", f"@theon_late_{dtype}")
    for place, needed in enumerate(wanted):
        with f.when(needed & _missing(f, table, place)):
            compile_ = f.load("ptr", table, 8 * len(_LATE))
            f.emit(f"call void {compile_.text}(i64 {place})")
            with f.when(_missing(f, table, place)):
                f.emit("ret i64 1")
                f.label(f"never{place}")


def _missing(f: Function, table: Value, place: int) -> Value:
    found = f.new("ptr", f"load atomic ptr, ptr {f.at(table, 8 * place).text} acquire, align 8")
    return f.new("i1", f"icmp eq ptr {found.text}, null")


def call_late(f: Function, dtype: str, place: Value | int, *args: Value | int) -> None:
    """Call a piece that is ready: the tile of ``place`` + 1 vectors, or transposition, number 3."""
    code = f.load("ptr", Value(f, "ptr", f"@theon_late_{dtype}"), f.value(place, "i64") * 8)
    f.emit(f"call void {code.text}({', '.join(f'{a.kind} {a.text}' for a in (f.value(x, 'i64') for x in args))})")


def _fma(dtype: str) -> str:
    kind, lane = KINDS[dtype][0], lanes(dtype)
    vector = f"<{lane} x {kind}>"
    return f"declare {vector} @llvm.fmuladd.{_suffix(dtype)}({vector}, {vector}, {vector})"


_TILES = ("tile1", "tile2", "tile3")
_PRODUCTS = (*_TILES, "turn", "copy")
_IMAGES = ("band", "offsets")
_LATE = (*_TILES, "turn")
_TABLE = re.compile(r"^@theon_late_(float32|float64) = external", re.MULTILINE)
_NAME = re.compile(r"^declare void @theon_(tile[123]|turn|copy|band|offsets)_(float32|float64)\(", re.MULTILINE)


def _definition(name: str, dtype: str) -> str:
    if name in _TILES:
        return _tile(dtype, int(name[-1]))
    return {"turn": _turn, "copy": _copy, "band": _band, "offsets": _offsets}[name](dtype)


def _declared(definition: str) -> str:
    head = definition[: definition.index("{")]
    name, parameters = re.search(r"@(\w+)\((.*?)\)", head).groups()  # type: ignore[union-attr]
    return f"declare void @{name}({', '.join(p.split()[0] for p in parameters.split(','))})"


@functools.cache
def _module(names: tuple[str, ...], dtype: str) -> CompiledModule:
    text = "\n".join([*(_definition(name, dtype) for name in names), _fma(dtype)]).replace("define internal", "define")
    if names == _IMAGES:
        text += "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)\n"
        text += _copy(dtype).replace(" nounwind", " nounwind alwaysinline")
    return compile_module(text, {}, tuple(f"theon_{name}_{dtype}" for name in names), effort="written")


_together: set[str] = set()  # dtypes of which all pieces for products are there


def symbols(text: str) -> dict[str, int]:
    """Return the addresses of those functions that a module declares; each is compiled once in a process."""
    found = {f"theon_late_{dtype}": ctypes.addressof(_table(dtype)[0]) for dtype in _TABLE.findall(text)}
    alone = "@theon_tile1_" not in text
    for name, dtype in _NAME.findall(text):
        with target.LOCK:  # of two modules made at once only one is kept, and code would call into the other
            found[f"theon_{name}_{dtype}"] = _address(name, dtype, alone)
    return found


def _address(name: str, dtype: str, alone: bool) -> int:
    """The address of a piece, compiled with all others for products unless it stands alone."""
    names = _IMAGES if name in _IMAGES else (name,) if alone and dtype not in _together else _PRODUCTS
    if names is _PRODUCTS:
        _together.add(dtype)
    return _module(names, dtype).address(f"theon_{name}_{dtype}")


@functools.cache
def _table(dtype: str) -> tuple[Any, Any]:
    """The addresses of pieces that are compiled when first needed, behind them that of a function which does it."""
    table = (ctypes.c_void_p * (len(_LATE) + 1))()

    def compile_piece(place: int) -> None:
        try:
            with target.LOCK:
                table[place] = _address(_LATE[place], dtype, True)
        except BaseException:  # there is no way to raise it here: the step fails
            traceback.print_exc()

    made = ctypes.CFUNCTYPE(None, ctypes.c_int64)(compile_piece)
    table[len(_LATE)] = ctypes.cast(made, ctypes.c_void_p).value
    return table, made


def _suffix(dtype: str) -> str:
    return f"v{lanes(dtype)}f{8 * KINDS[dtype][1]}"


def _tile(dtype: str, vectors: int) -> str:
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, width = f"<{lane} x {kind}>", lane * item
    f = Function(
        f"theon_tile{vectors}_{dtype}",
        [("src", "ptr"), ("bases", "ptr"), ("offsets", "ptr"), ("n", "i64"), ("b", "ptr"), ("line", "i64"), ("c", "ptr"),
         ("row", "i64"), ("keep", "i1")],
    )  # fmt: skip
    count = rows()
    base = [f.at(f["src"], f.load("i64", f["bases"], 8 * m)) for m in range(count)]
    sums = [[f.variable(vector, Value(f, vector, "zeroinitializer")) for _ in range(vectors)] for _ in range(count)]
    with f.loop(f["n"]) as t:
        offset = f.load("i64", f["offsets"], t * 8)
        line = f.at(f["b"], t * f["line"])
        factors = [f.load(vector, line, v * width, item) for v in range(vectors)]
        for m in range(count):
            x = f.load(kind, base[m], offset)
            one = f.new(vector, f"insertelement {vector} poison, {kind} {x.text}, i64 0")
            all_ = f.new(vector, f"shufflevector {vector} {one.text}, {vector} poison, <{lane} x i32> zeroinitializer")
            for v in range(vectors):
                old = sums[m][v].get()
                sums[m][v].set(f.call(f"llvm.fmuladd.{_suffix(dtype)}", all_, factors[v], old, result=vector))
    with f.when(f["keep"]):
        for m in range(count):
            for v in range(vectors):
                old = f.load(vector, f["c"], f["row"] * m + v * width, item)
                sums[m][v].set(
                    Value(f, vector, f.new(vector, f"fadd {vector} {old.text}, {sums[m][v].get().text}").text)
                )
    for m in range(count):
        for v in range(vectors):
            f.store(sums[m][v].get(), f["c"], f["row"] * m + v * width, item)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _turn(dtype: str) -> str:
    """``to[j, i] = from[i, j]`` for i < rows, j < columns; strides in bytes.

    Blocks as wide as a line of the cache are turned in registers. The last one along each direction begins earlier instead
    of being smaller, and the innermost loop follows the rows that lie farther apart: each of their lines is touched once,
    in blocks that begin where lines do.
    """
    kind, item = KINDS[dtype]
    side = lanes(dtype) if target.wide_vectors() else 32 // item
    vector = f"<{side} x {kind}>"
    names = ["to", "to_row", "to_column", "from", "from_row", "from_column", "rows", "columns"]
    f = Function(f"theon_turn_{dtype}", [(n, "ptr" if n in ("to", "from") else "i64") for n in names])
    plain = f["to_column"].same(item) & f["from_column"].same(item)
    blocks = plain & (f["rows"] >= side) & (f["columns"] >= side)
    with f.when(blocks):
        last_i, last_j = f["rows"] - side, f["columns"] - side
        down = f["to_row"] >= f["from_row"]
        outer, inner = f.select(down, last_j, last_i), f.select(down, last_i, last_j)
        far = f.select(down, f["to"], f["from"], "ptr")
        ahead = (f.new("i64", f"ptrtoint ptr {far.text} to i64") & (side * item - 1)) // item
        with f.loop(outer + side, 0, side) as a, f.loop(inner + side + ahead, 0, side) as b:
            a, b = f.smaller(a, outer), f.smaller(f.larger(b - ahead, 0), inner)
            i, j = f.select(down, b, a), f.select(down, a, b)
            source = f.at(f["from"], i * f["from_row"] + j * item)
            target_ = f.at(f["to"], j * f["to_row"] + i * item)
            found = [f.load(vector, source, f["from_row"] * r, item) for r in range(side)]
            step = 1
            while step < side:
                for r in range(side):
                    if r & step:
                        continue
                    x, y = found[r], found[r + step]
                    low = [lane if not lane & step else side + lane - step for lane in range(side)]
                    high = [lane + step if not lane & step else side + lane for lane in range(side)]
                    found[r], found[r + step] = _mixed(f, vector, x, y, low), _mixed(f, vector, x, y, high)
                step *= 2
            for r in range(side):
                f.store(found[r], target_, f["to_row"] * r, item)
    with f.unless(blocks), f.loop(f["columns"]) as j, f.loop(f["rows"]) as i:
        value = f.load(kind, f["from"], i * f["from_row"] + j * f["from_column"])
        f.store(value, f["to"], j * f["to_row"] + i * f["to_column"])
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _mixed(f: Function, vector: str, a: Value, b: Value, order: list[int]) -> Value:
    mask = ", ".join(f"i32 {n}" for n in order)
    return f.new(vector, f"shufflevector {vector} {a.text}, {vector} {b.text}, <{len(order)} x i32> <{mask}>")


def _copy(dtype: str) -> str:
    """``to[i] = from[i * step]`` for i < n; ``from`` is null for zeros."""
    kind, item = KINDS[dtype]
    side = 32 // item
    vector = f"<{side} x {kind}>"
    f = Function(f"theon_copy_{dtype}", [("to", "ptr"), ("from", "ptr"), ("step", "i64"), ("n", "i64")])
    empty = f.new("i1", f"icmp eq ptr {f['from'].text}, null")
    whole = f.select(empty | f["step"].same(item), f["n"] & -side, 0)
    with f.when(empty):
        with f.loop(whole, 0, side) as i:
            f.store(Value(f, vector, "zeroinitializer"), f["to"], i * item, item)
        with f.loop(f["n"], whole) as i:
            f.store(Value(f, kind, "zeroinitializer"), f["to"], i * item)
    with f.unless(empty):
        with f.loop(whole, 0, side) as i:
            f.store(f.load(vector, f["from"], i * item, item), f["to"], i * item, item)
        with f.loop(f["n"], whole) as i:
            f.store(f.load(kind, f["from"], i * f["step"]), f["to"], i * item)
    f.emit("ret void")
    return f.text()


def _band(dtype: str) -> str:
    """Copy rows of an image's channels from ``top`` on and columns from ``left`` on; zeros where there are none.

    The rows of a channel may end a page of memory, where the processor looks no farther ahead: the next one is asked for here.
    """
    kind, item = KINDS[dtype]
    side = lanes(dtype)
    vector = f"<{side} x {kind}>"
    names = [
        "to", "from", "channels", "channel", "height", "row", "width", "column", "top", "left", "rows", "columns",
    ]  # fmt: skip
    f = Function(f"theon_band_{dtype}", [(n, "ptr" if n in ("to", "from") else "i64") for n in names])
    nothing = Value(f, kind, "zeroinitializer")
    begin = f.smaller(f.larger(0 - f["left"], 0), f["columns"])
    end = f.smaller(f.larger(f["width"] - f["left"], begin), f["columns"])
    count = end - begin
    plain = f["column"].same(item)
    dense = plain & (count >= side)

    def zeros(line: Value, first: Value, last: Value) -> None:
        with f.loop(last, first) as k:
            f.store(nothing, line, k * item)

    with f.loop(f["channels"]) as c, f.loop(f["rows"]) as y:
        line = f.at(f["to"], (c * f["rows"] + y) * f["columns"] * item)
        at = f["top"] + y
        inside = (at >= 0) & (at < f["height"])
        with f.unless(inside):
            f.call(f"theon_copy_{dtype}", line, Value(f, "ptr", "null"), 0, f["columns"])
        with f.when(inside):
            zeros(line, f.value(0, "i64"), begin)
            source = f.at(f["from"], c * f["channel"] + at * f["row"] + (f["left"] + begin) * f["column"])
            target_ = f.at(line, begin * item)
            with f.when(dense), f.loop(count, 0, side) as k:
                k = f.smaller(k, count - side)
                place = f.at(source, k * item)
                f.emit(f"call void @llvm.prefetch.p0(ptr {f.at(place, f['channel']).text}, i32 0, i32 3, i32 1)")
                f.store(f.load(vector, place, 0, item), target_, k * item, item)
            with f.unless(dense), f.loop(count) as k:
                f.store(f.load(kind, source, k * f["column"]), target_, k * item)
            zeros(line, end, f["columns"])
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _offsets(dtype: str) -> str:
    """Write the offsets of all (i, j, k), then zeros up to ``whole`` of them."""
    names = ["to", "n0", "s0", "n1", "s1", "n2", "s2", "whole"]
    f = Function(f"theon_offsets_{dtype}", [(n, "ptr" if n == "to" else "i64") for n in names])
    with f.loop(f["n0"]) as i, f.loop(f["n1"]) as j, f.loop(f["n2"]) as k:
        place = (i * f["n1"] + j) * f["n2"] + k
        f.store(i * f["s0"] + j * f["s1"] + k * f["s2"], f["to"], place * 8)
    with f.loop(f["whole"], f["n0"] * f["n1"] * f["n2"]) as i:
        f.store(0, f["to"], i * 8)
    f.emit("ret void")
    return f.text(" noinline")
