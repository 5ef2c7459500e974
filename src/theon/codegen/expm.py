"""The exponential of a matrix, and its derivative in a direction, on the program's own memory.

Scaling and squaring with the Padé approximant of degree 13 (Higham, "The scaling and squaring method for the matrix exponential
revisited", SIAM J. Matrix Anal. Appl. 26, 2005). A derivative is a block of the exponential of a matrix of twice the size (Higham,
Functions of Matrices, theorem 3.6). Rows read as columns are the transpose, whose exponential is the transpose.
"""

from __future__ import annotations

from typing import Final

from theon.codegen.lapack import begin, element, finite
from theon.codegen.native import Function, Value
from theon.codegen.shared import Block
from theon.codegen.tile import KINDS

__all__ = ["exponential"]

# Numerator of the approximant of degree 13, from x^0 on; the denominator is that of -x.
_PADE: Final = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0, 10559470521600.0,
    670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_LARGEST: Final = 5.371920351148152  # norm up to which it is as exact as double precision


def _largest_row(f: Function, out: Block, kind: str, rows: Value, first: Value | int, last: Value) -> Value:
    """The largest sum of absolute values of part of a row, as a double; NaN where one of them is."""
    most = f.variable("double", 0.0)
    with f.loop(rows) as i:
        total = f.variable("double", 0.0)
        with f.loop(last, first) as j:
            x = f.load(kind, element(f, out, i, j))
            wide = x if kind == "double" else f.new("double", f"fpext float {x.text} to double")
            total.set(total.get() + f.select(wide.ordered("olt", 0.0), -wide, wide, "double"))
        larger = total.get().ordered("ole", most.get())
        most.set(f.select(larger, most.get(), total.get(), "double"))
    return most.get()


def _power(f: Function, exponent: Value, kind: str) -> Value:
    """2 to a power between -1022 and 1023."""
    bits = f.new("i64", f"shl i64 {(exponent + 1023).text}, 52")
    found = f.new("double", f"bitcast i64 {bits.text} to double")
    return found if kind == "double" else f.new("float", f"fptrunc double {found.text} to float")


def _times(f: Function, out: Block, kind: str, rows: Value, columns: tuple[Value | int, Value], factor: Value) -> None:
    with f.loop(rows) as i, f.loop(columns[1], columns[0]) as j:
        at = element(f, out, i, j)
        f.store(f.load(kind, at) * factor, at)


def exponential(symbol: str, dtype: str, derivative: bool) -> str:
    """``out``, dense, holds the matrix and gets the exponential; ``work`` has room for six such matrices.

    Where ``derivative``, the matrix is [[a, g], [0, a]], and the direction g is scaled meanwhile: it is not to decide how often
    squares are taken.
    """
    f, call, code = begin(symbol, dtype, "pivots work out")
    pivots, work, out = Block(f, f["pivots"], 1), Block(f, f["work"], 1), Block(f, f["out"], 2)
    kind, item = KINDS[dtype]
    n = out.sizes[0]
    call.alone(n)
    half = n // 2
    top = half if derivative else n
    size = _largest_row(f, out, kind, top, 0, top)
    direction = f.value(1.0, kind)
    if derivative:
        other = _largest_row(f, out, kind, half, half, n)
        # A power of two, so that scaling is exact.
        scale = f.larger(
            f.smaller(_exponent(f, other), 1000 if kind == "double" else 120), -1000 if kind == "double" else -120
        )
        scale = f.select(other.ordered("ogt", 0.0), scale, 0)
        with f.unless(finite(f, other)):
            code.set(1)
        _times(f, out, kind, half, (half, n), _power(f, 0 - scale, kind))
        direction = _power(f, scale, kind)
        size = size + 1.0
    with f.unless(finite(f, size)):
        code.set(1)
    squarings = f.larger(_exponent(f, size / _LARGEST) + 1, 0)
    with f.when(code.get().same(0) & (n > 0)):
        count, pitch = call.integer(n), call.integer(n)
        one, none, plain = call.real(1), call.real(0), call.character("N")
        total = n * n
        second, fourth, sixth, u, v, other_ = (f.at(work.data, total * (item * place)) for place in range(6))

        def product(x: Value, y: Value, z: Value, keep: bool = False) -> None:
            call("gemm", plain, plain, count, count, count, one, x, pitch, y, pitch, one if keep else none, z, pitch)

        _times(f, out, kind, n, (0, n), _power(f, 0 - f.smaller(squarings, 1022), kind))
        product(out.data, out.data, second)
        product(second, second, fourth)
        product(second, fourth, sixth)

        def sums(places: tuple[int, ...], target: Value, diagonal: int | None) -> None:
            """A combination of powers, and of the unit matrix."""
            with f.loop(total) as i:
                at = i * item
                parts = [f.load(kind, x, at) * _PADE[p] for x, p in zip((second, fourth, sixth), places)]
                f.store(parts[0] + parts[1] + parts[2], target, at)
            if diagonal is not None:
                with f.loop(n) as i:
                    at = i * (n + 1) * item
                    f.store(f.load(kind, target, at) + _PADE[diagonal], target, at)

        sums((9, 11, 13), other_, None)
        sums((3, 5, 7), v, 1)
        product(sixth, other_, v, keep=True)
        product(out.data, v, u)
        sums((8, 10, 12), other_, None)
        sums((2, 4, 6), v, 0)
        product(sixth, other_, v, keep=True)
        with f.loop(total) as i:
            at = i * item
            even, odd = f.load(kind, v, at), f.load(kind, u, at)
            f.store(even + odd, out.data, at)
            f.store(even - odd, v, at)
        call("gesv", count, count, v, pitch, pivots.data, out.data, pitch, call.info)
        with f.when(call.failed()):
            code.set(1)
        with f.loop(squarings):
            product(out.data, out.data, u)
            f.emit(
                f"call void @llvm.memcpy.p0.p0.i64(ptr {out.data.text}, ptr {u.text}, i64 {(total * item).text}, i1 false)"
            )
        call.declared["memcpy"] = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
        if derivative:
            _times(f, out, kind, half, (half, n), direction)
    return call.text(code)


def _exponent(f: Function, x: Value) -> Value:
    """The exponent of a double above 0."""
    bits = f.new("i64", f"bitcast double {x.text} to i64")
    return f.new("i64", f"lshr i64 {bits.text}, 52") - 1023
