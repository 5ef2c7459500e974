"""The transforms of minimal filtering, those of Toom and Cook: values of polynomials at a few points and at infinity.

With ``y = A ((G g) * (B d))``, and each matrix applied along rows and columns, the results ``y`` of filter ``g`` on a tile ``d``
need one product for each element of the tile. Each function transforms one vector: a square of them to another square.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction

from theon.codegen import target
from theon.codegen.jit import CompiledModule, compile_module
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import Block
from theon.codegen.tile import KINDS, lanes, pieces
from theon.codegen.tile import symbols as tile_symbols

__all__ = ["SIDE", "TAPS", "apply", "band", "report", "results", "rounded", "symbols", "transforms"]

SIDE = 6  # of a tile
TAPS = (3, 5)  # rows and columns of the filters
# Small numbers that are exact in binary; with these the errors are about four times those of sums of products.
_POINTS = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-2)]

Matrix = list[list[Fraction]]


def results(taps: int) -> int:
    """Rows and columns of the result that a tile gives."""
    return SIDE + 1 - taps


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


def _of_factors(taps: int) -> Matrix:
    """The matrix of filters of ``taps`` elements."""
    return [[x * scale for x in row] for row, scale in zip(_values(taps), _matrices()[1])]


def rounded(x: Value, to: int) -> Value:
    """The smallest multiple of a power of two that is not below ``x``."""
    return (x + (to - 1)) & -to


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


def _equal(f: Function, dtype: str, x: Fraction) -> Value:
    kind, _ = KINDS[dtype]
    lane = lanes(dtype)
    one = f.value(float(x), kind).text
    return Value(f, f"<{lane} x {kind}>", f"<{', '.join([f'{kind} {one}'] * lane)}>")


def _watched(f: Function, dtype: str, values: list[Value], seen: Value) -> Value:
    """``seen``, or NaN where one of the values is not finite, or their sum."""
    while len(values) > 1:
        values = [a + b for a, b in zip(values[::2], values[1::2])] + (values[-1:] if len(values) % 2 else [])
    fma = f"llvm.fmuladd.v{lanes(dtype)}f{8 * KINDS[dtype][1]}"
    return f.call(fma, values[0], _equal(f, dtype, Fraction(0)), seen, result=seen.kind)


def report(f: Function, dtype: str, seen: Value, flag: Value) -> None:
    """Set the flag where a lane of what was seen is NaN."""
    kind, item = KINDS[dtype]
    reduce = f"llvm.vector.reduce.fadd.v{lanes(dtype)}f{8 * item}"
    total = f.new(kind, f"call reassoc {kind} @{reduce}({kind} -0.0, {seen.kind} {seen.text})")
    with f.when(total.ordered("uno", total)):
        f.emit(f"store atomic i64 1, ptr {flag.text} monotonic, align 8")


def _matrix(name: str, taps: int) -> Matrix:
    if name == "tiles":
        return _matrices()[0]
    if name in ("filters", "slopes"):  # of the image's convolution, and the result's gradient where filters are sought
        return _of_factors(taps if name == "filters" else results(taps))
    return _turned(_values(results(taps) if name == "results" else taps))


def transforms(dtype: str, taps: int, names: Sequence[str]) -> str:
    """The functions that :func:`apply` calls."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    parts = [
        f"declare {kind} @llvm.vector.reduce.fadd.v{lane}f{8 * item}({kind}, {vector})",
        *(
            f"declare void @theon_winograd_{name}_{dtype}({', '.join(k for _, k in _kinds(p))})"
            for name, p in _COMMON.items()
        ),
        *(_transform(dtype, name, _matrix(name, taps)) for name in names),
    ]
    return "\n".join(parts)


def symbols(text: str) -> dict[str, int]:
    """Return the addresses of those functions that a module declares; each is compiled once in a process."""
    found: dict[str, int] = {}
    for dtype in KINDS:
        names = [f"theon_winograd_{name}_{dtype}" for name in _COMMON]
        if any(f"declare void @{name}(" in text for name in names):
            with target.LOCK:  # of two modules made at once only one is kept, and code would call into the other
                module = _module(dtype)
            found |= {name: module.address(name) for name in names}
    return found


@functools.cache
def _module(dtype: str) -> CompiledModule:
    own = pieces(dtype)
    text = "\n".join([own, _transform(dtype, "tiles", _matrix("tiles", 0)), _band(dtype)])
    names = tuple(f"theon_winograd_{name}_{dtype}" for name in _COMMON)
    return compile_module(text.replace("define internal", "define"), tile_symbols(own), names, effort="written")


_PARAMETERS = "to row_to step_to from row_from step_from seen".split()
_BAND = "transform to plane x from channels top left deep pitch image turned down across step".split()
_COMMON = {"tiles": _PARAMETERS, "band": _BAND}  # functions that all modules share


def _kinds(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(n, "ptr" if n in ("to", "from", "seen", "transform", "x", "image", "turned") else "i64") for n in names]


def _transform(dtype: str, name: str, matrix: Matrix) -> str:
    """One vector; that which was seen becomes NaN where a result is not finite."""
    kind, item = KINDS[dtype]
    vector = f"<{lanes(dtype)} x {kind}>"
    f = Function(f"theon_winograd_{name}_{dtype}", _kinds(_PARAMETERS))
    size, many, width = len(matrix[0]), len(matrix), lanes(dtype) * item
    once = f.room(many * size * width)
    with f.loop(size) as j:
        column = f.at(f["from"], j * f["step_from"])
        given = [f.load(vector, column, f["row_from"] * k, item) for k in range(size)]
        for k, row in enumerate(matrix):
            f.store(_combined(f, dtype, row, given), once, j * width + k * size * width, item)
    watched = name in ("results", "sums")
    seen = f.variable(vector, f.load(vector, f["seen"], 0, item)) if watched else None
    with f.loop(many) as i:
        given = [f.load(vector, once, i * (size * width) + k * width, item) for k in range(size)]
        found = [_combined(f, dtype, row, given) for row in matrix]
        line = f.at(f["to"], i * f["row_to"])
        for k, value in enumerate(found):
            f.store(value, line, f["step_to"] * k, item)
        if seen is not None:
            seen.set(_watched(f, dtype, found, seen.get()))
    if seen is not None:
        f.store(seen.get(), f["seen"], 0, item)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def apply(
    f: Function,
    dtype: str,
    name: str | Value,
    to: tuple[Value, object, object],
    given: tuple[Value, object, object],
    seen: Value | None = None,
) -> None:
    """Transform one vector of a square: where the first is, bytes from row to row and from column to column."""
    callee = f"@theon_winograd_{name}_{dtype}" if isinstance(name, str) else name.text
    words = [f.value(x, "i64") for x in (*to, *given, seen or Value(f, "ptr", "null"))]
    f.emit(f"call void {callee}({', '.join(f'{x.kind} {x.text}' for x in words)})")


def band(f: Function, dtype: str, name: str, *args: object) -> None:
    """Transform a band of an image: copied with zeros around it, turned so that channels lie side by side, then tile by tile.

    ``args``: where to, how far two elements of a tile are apart there, the image's block and where in it, channels, the band's
    first row and column, its sizes, room for it as it is and turned, tiles down and across, how far each is from the next.
    """
    f.call(f"theon_winograd_band_{dtype}", Value(f, "ptr", f"@theon_winograd_{name}_{dtype}"), *args)


def _band(dtype: str) -> str:
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    f = Function(f"theon_winograd_band_{dtype}", _kinds(_BAND))
    x, channels, turned = Block(f, f["x"], 4), f["channels"], f["turned"]
    deep, pitch = f["deep"], f["pitch"]
    line = rounded(channels, lane) * item
    places = deep * pitch

    # Lanes beyond the channels are watched with the others.
    with f.when(channels * item < line), f.loop(places) as place:
        nothing = Value(f, f"<{lane} x {kind}>", "zeroinitializer")
        f.store(nothing, turned, (place + 1) * line - lane * item, item)
    f.call(
        f"theon_band_{dtype}", f["image"], f["from"], channels, x.strides[1], x.sizes[2], x.strides[2], x.sizes[3],
        x.strides[3], f["top"], f["left"], deep, pitch,
    )  # fmt: skip
    f.call(f"theon_turn_{dtype}", turned, line, item, f["image"], places * item, item, channels, places)
    with f.loop(f["down"]) as y, f.loop(f["across"]) as i:
        source = f.at(turned, (y * pitch + i) * f["step"] * line)
        into = f.at(f["to"], (y * f["across"] + i) * line)
        with f.loop(line, 0, lane * item) as at:
            apply(
                f, dtype, f["transform"], (f.at(into, at), f["plane"] * SIDE, f["plane"]),
                (f.at(source, at), pitch * line, line),
            )  # fmt: skip
    f.emit("ret void")
    return f.text(" noinline" + attributes())
