"""Numbers as the sum of two doubles, 106 bits, in functions written with :mod:`theon.codegen.native`.

Dekker's and Knuth's error-free sums and products (Numer. Math. 18, 1971), products by fused multiplication and addition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theon.codegen.native import Function, Value

__all__ = ["DECLARATIONS", "LOGARITHM", "Pair", "call", "log_of", "logarithm_text", "pair_of", "polynomial"]

_FUNCTIONS = ("fabs", "sqrt", "floor", "rint")
DECLARATIONS = "\n".join(
    [
        "declare double @llvm.fma.f64(double, double, double)",
        *(f"declare double @llvm.{name}.f64(double)" for name in _FUNCTIONS),
        *(f"declare double @{name}(double)" for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "erfc")),
        "declare double @pow(double, double)",
    ]
)


def call(name: str, *xs: Any) -> Value:
    """Call a function of doubles, of LLVM (``fma``, ``fabs``, ``sqrt``, ``floor``, ``rint``) or of the C library."""
    function = next(x.function for x in xs if isinstance(x, Value))
    symbol = f"llvm.{name}.f64" if name in (*_FUNCTIONS, "fma") else name
    return function.call(symbol, *(function.value(x, "double") for x in xs), result="double")


def polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """Horner's scheme, constant first."""
    total = x.function.value(coefficients[-1], "double")
    for c in reversed(coefficients[:-1]):
        total = call("fma", total, x, c)
    return total


def _fast_sum(a: Value, b: Value) -> Pair:
    """The sum of two numbers of which the first is the larger."""
    total = a + b
    return Pair(total, b - (total - a))


def _sum(a: Value, b: Value) -> Pair:
    total = a + b
    part = total - a
    return Pair(total, (a - (total - part)) + (b - part))


def _product(a: Value, b: Value) -> Pair:
    high = a * b
    return Pair(high, call("fma", a, b, -high))


@dataclass(frozen=True)
class Pair:
    """``high + low``, of which ``low`` is at most half an ulp of ``high``."""

    high: Value
    low: Value

    def _of(self, x: Any) -> Pair:
        return x if isinstance(x, Pair) else pair_of(self.high.function, x)

    def __add__(self, other: Any) -> Pair:
        other = self._of(other)
        high = _sum(self.high, other.high)
        low = _sum(self.low, other.low)
        first = _fast_sum(high.high, high.low + low.high)
        return _fast_sum(first.high, first.low + low.low)

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low)

    def __sub__(self, other: Any) -> Pair:
        return self + -self._of(other)

    def __mul__(self, other: Any) -> Pair:
        other = self._of(other)
        found = _product(self.high, other.high)
        return _fast_sum(found.high, found.low + (self.high * other.low + self.low * other.high))

    def __truediv__(self, other: Any) -> Pair:
        other = self._of(other)
        first = self.high / other.high
        rest = self - other * first
        second = rest.high / other.high
        rest = rest - other * second
        return _fast_sum(first, second + rest.high / other.high)


def pair_of(function: Function, x: Any) -> Pair:
    """A double, or an exact number, as a pair."""
    if isinstance(x, Value):
        return Pair(x, function.value(0.0, "double"))
    exact = Fraction(x)
    high = float(exact)
    return Pair(function.value(high, "double"), function.value(float(exact - Fraction(high)), "double"))


# ln 2 and more digits than two doubles hold.
_LN2 = Fraction("0.693147180559945309417232121458176568075500134360255254120680009493393621969694")
LOGARITHM = "theon_pair_log"


def logarithm_text() -> str:
    """A function of a positive double that stores its logarithm as a pair; about 1e-20 of it is wrong.

    x = 2^e (1 + f) with 1 + f from sqrt(1/2) to sqrt(2), and log(1 + f) = 2 artanh(f / (2 + f)): the first two terms of the
    series as pairs, the others, small beside them, as doubles.
    """
    f = Function(LOGARITHM, [("x", "double"), ("out", "ptr")])
    x = f["x"]
    small = x.ordered("olt", 2.2250738585072014e-308)
    x = f.select(small, x * 2.0**54, x, "double")
    bits = f.new("i64", f"bitcast double {x.text} to i64")
    moved = bits + -0x3FE6A09E667F3BCD
    exponent = f.new("i64", f"ashr i64 {moved.text}, 52")
    mantissa = bits - f.new("i64", f"shl i64 {exponent.text}, 52")
    m = f.new("double", f"bitcast i64 {mantissa.text} to double")
    e = f.new("double", f"sitofp i64 {exponent.text} to double")
    e = f.select(small, e - 54.0, e, "double")
    excess = m - 1.0
    s = pair_of(f, excess) / (pair_of(f, excess) + 2.0)
    z = s * s
    rest = polynomial(z.high, [1 / (2 * i + 1) for i in range(2, 14)])
    series = z * (pair_of(f, Fraction(1, 3)) + z.high * rest)
    twice = s + s * series
    twice = Pair(twice.high * 2.0, twice.low * 2.0)
    found = pair_of(f, _LN2) * e + twice
    f.store(found.high, f["out"])
    f.store(found.low, f["out"], 8)
    f.emit("ret void")
    return f.text()


def log_of(x: Value) -> Pair:
    """The logarithm of a positive double; the module needs :func:`logarithm_text`."""
    f = x.function
    room = f.room(16)
    f.emit(f"call void @{LOGARITHM}(double {x.text}, ptr {room.text})")
    return Pair(f.load("double", room), f.load("double", room, 8))
