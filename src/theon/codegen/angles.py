"""Sine, cosine, tangent and arctangent as straight LLVM text.

An angle is reduced to |r| <= pi/4 by Cody and Waite's method in three parts of pi/2: the first difference is exact since the
product is not rounded, what rounding takes from the second is kept (Muller, Elementary Functions, ch. 11). Beyond
:data:`FAR` the library is asked. Polynomials are minimax ones, by Remez' algorithm. The arctangent is reduced to
|t| <= 1/2 by that of the sum of two angles; up to 2 the difference t - 1 is exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from theon.codegen.mathlib import Text

__all__ = ["FAR", "arctan", "cos", "sin", "tan"]

FAR: Final = {"float32": 1e5, "float64": 1e6}
_QUARTER: Final = {  # pi/2 in three parts
    "float32": (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    "float64": (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}
# (sin(r)/r - 1)/r^2, (cos(r) - 1 + r^2/2)/r^4 and (arctan(t)/t - 1)/t^2 in powers of the square.
_SIN: Final = {
    "float32": [-0.16666654766492894, 0.008332166400695793, -0.00019515653505864755],
    "float64": [
        -0.16666666666666632, 0.008333333333322156, -0.0001984126982959044, 2.7557313612773994e-06,
        -2.505074518609819e-08, 1.5896017596211e-10,
    ],
}  # fmt: skip
_COS: Final = {
    "float32": [0.041666646577190075, -0.0013887352432832417, 2.4436638516838447e-05],
    "float64": [
        0.041666666666666595, -0.0013888888888873763, 2.4801587289245374e-05, -2.755731428086803e-07,
        2.0875713178501813e-09, -1.1359106871650485e-11,
    ],
}  # fmt: skip
_ARCTAN: Final = {
    "float32": [
        -0.3333332709554784, 0.19999499311118507, -0.14272248531142365, 0.10942310990087688, -0.07988778039063382,
        0.03878553992729111,
    ],
    "float64": [
        -0.33333333333333315, 0.19999999999993417, -0.14285714284974846, 0.11111111069216136, -0.09090907687706258,
        0.0769227739458298, -0.06666222679581195, 0.058778006621340494, -0.05229979798393816, 0.045893367460104,
        -0.037116364193181955, 0.02365212084442324, -0.008364142781976681,
    ],
}  # fmt: skip


def _circle(t: Text, x: str) -> tuple[str, str, str]:
    """The quarter of the circle in which an angle is, and the sine and cosine of the angle within it."""
    first, second, third = _QUARTER[t.dtype]
    n, k = t.rounded(t.mul(x, t.num(2 / math.pi)))
    high = t.fma(n, t.num(-first), x)
    p = t.mul(n, t.num(second))
    r = t.sub(high, p)
    lost = t.sub(t.sub(t.sub(high, r), p), t.fma(n, t.num(second), t.new(f"fneg {t.kind} {p}")))
    lost = t.fma(n, t.num(-third), lost)
    z = t.mul(r, r)
    half = t.mul(z, t.num(0.5))
    rest = t.sub(t.num(1.0), half)
    sine = t.add(r, t.fma(t.mul(r, z), t.poly(z, _SIN[t.dtype]), t.mul(lost, rest)))
    small = t.sub(t.sub(t.num(1.0), rest), half)  # what rounding took from rest
    more = t.fma(t.mul(z, z), t.poly(z, _COS[t.dtype]), t.sub(small, t.mul(r, lost)))
    return k, sine, t.add(rest, more)


def _odd(t: Text, k: str) -> str:
    return t.new(f"icmp ne {t.int} {t.new(f'and {t.int} {k}, 1')}, 0")


def _turned(t: Text, k: str, value: str) -> str:
    """The value, with the other sign in the second half of the circle."""
    width = t.bits + (12 if t.dtype == "float64" else 9)
    bit = t.new(f"and {t.int} {t.new(f'shl {t.int} {k}, {width - 2}')}, {-(1 << (width - 1))}")
    bits = t.new(f"xor {t.int} {t.new(f'bitcast {t.kind} {value} to {t.int}')}, {bit}")
    return t.new(f"bitcast {t.int} {bits} to {t.kind}")


def _keep_zero(t: Text, x: str, y: str) -> str:
    return t.select(t.compare("oeq", x, t.num(0.0)), x, y)


def sin(t: Text, x: str) -> str:
    k, sine, cosine = _circle(t, x)
    return _keep_zero(t, x, _turned(t, k, t.select(_odd(t, k), cosine, sine)))


def cos(t: Text, x: str) -> str:
    k, sine, cosine = _circle(t, x)
    value = t.select(_odd(t, k), sine, cosine)
    return _turned(t, t.new(f"add {t.int} {k}, 1"), value)


def tan(t: Text, x: str) -> str:
    k, sine, cosine = _circle(t, x)
    odd = _odd(t, k)
    above = t.select(odd, t.new(f"fneg {t.kind} {cosine}"), sine)
    return _keep_zero(t, x, t.div(above, t.select(odd, sine, cosine)))


def arctan(t: Text, x: str) -> str:
    size = t.unary("fabs", x)
    one, zero = t.num(1.0), t.num(0.0)
    far, middle = t.compare("ogt", size, t.num(2.0)), t.compare("ogt", size, t.num(0.5))
    above = t.select(far, t.num(-1.0), t.select(middle, t.sub(size, one), size))
    below = t.select(far, size, t.select(middle, t.add(size, one), one))
    first, second, _ = _QUARTER[t.dtype]
    start = t.select(far, t.num(first), t.select(middle, t.num(first / 2), zero))
    lost = t.select(far, t.num(second), t.select(middle, t.num(second / 2), zero))
    q = t.div(above, below)
    z = t.mul(q, q)
    found = t.add(start, t.add(q, t.fma(t.mul(q, z), t.poly(z, _ARCTAN[t.dtype]), lost)))
    return t.new(f"call {t.kind} @llvm.copysign.{t.suffix}({t.kind} {found}, {t.kind} {x})")
