"""Powers, logarithms to other bases, and lengths, as straight LLVM text.

A power is exp(y log x) with the logarithm in twice the precision (the series of 2 artanh(f/(2+f)), its first terms as sums of
two numbers: Dekker, A floating-point technique for extending the available precision, 1971); of float32 it is all computed
in double. Special values are those of C's annex F.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from theon.codegen.mathlib import Text

__all__ = ["hypot", "log10", "log2", "pow"]

_LN2: Final = (
    0.6931471805598903,
    5.497923018708371e-14,
)  # ln 2, the first part with few enough bits for exact products
_TWO_THIRDS: Final = (0.6666666666666666, 3.700743415417188e-17)
_LOG2_E: Final = (1.4426950408889634, 2.0355273740931033e-17)
_LOG10_E: Final = (0.4342944819032518, 1.098319650216765e-17)
_LOG10_2: Final = (0.30102999566383914, 1.42050232272661e-13)
Pair = tuple[str, str]


def _sum(t: Text, large: str, small: str) -> Pair:
    """The sum of two numbers, the larger first, and what rounding took from it."""
    total = t.add(large, small)
    return total, t.add(t.sub(large, total), small)


def _product(t: Text, x: str, y: str) -> Pair:
    total = t.mul(x, y)
    return total, t.fma(x, y, t.new(f"fneg {t.kind} {total}"))


def _logarithm(t: Text, x: str) -> tuple[str, Pair]:
    """The exponent e, and log m in two parts, of a positive number m 2^e; 0 and infinity are not told from others."""
    tiny = t.compare("olt", x, t.num(2.2250738585072014e-308))
    f, e, _ = t.log_of_normal(t.select(tiny, t.mul(x, t.num(2.0**54)), x))
    e = t.select(tiny, t.sub(e, t.num(54.0)), e)
    u = t.add(f, t.num(2.0))
    lost = t.sub(f, t.sub(u, t.num(2.0)))
    inverse = t.div(t.num(1.0), u)
    s = t.mul(f, inverse)
    minus = t.new(f"fneg {t.kind} {s}")
    s_low = t.mul(t.fma(minus, lost, t.fma(minus, u, f)), inverse)
    z, z_low = _product(t, s, s)
    z_low = t.fma(t.add(s, s), s_low, z_low)
    w, w_low = _product(t, z, t.num(_TWO_THIRDS[0]))
    w_low = t.add(w_low, t.fma(z, t.num(_TWO_THIRDS[1]), t.mul(z_low, t.num(_TWO_THIRDS[0]))))
    series = t.mul(t.mul(z, z), t.poly(z, [2 / (2 * i + 5) for i in range(10)]))
    w, more = _sum(t, w, series)
    w_low = t.add(w_low, more)
    v, v_low = _product(t, s, w)
    v_low = t.add(v_low, t.fma(s, w_low, t.mul(s_low, w)))
    high, low = _sum(t, t.add(s, s), v)
    return e, _sum(t, high, t.add(low, t.add(v_low, t.add(s_low, s_low))))


def _ends(t: Text, x: str, result: str) -> str:
    """A logarithm with its values for what is no positive finite number."""
    result = t.select(t.compare("olt", x, t.num(math.inf)), result, x)
    result = t.select(t.compare("oeq", x, t.num(0.0)), t.num(-math.inf), result)
    return t.select(t.compare("uge", x, t.num(0.0)), result, t.num(math.nan))


def _of_base(t: Text, x: str, unit: tuple[float, float], two: tuple[float, float]) -> str:
    """e two + log m unit, in double."""
    if t.dtype == "float32":
        d = t.other("float64")
        wide = d.new(f"fpext float {x} to double")
        f, e, _ = d.log_of_normal(wide)
        found = d.fma(e, d.num(two[0] + two[1]), d.mul(d.log_of_parts(f, None, terms=6), d.num(unit[0])))
        return _ends(t, x, t.new(f"fptrunc double {found} to float"))
    e, (high, low) = _logarithm(t, x)
    p, p_low = _product(t, high, t.num(unit[0]))
    p_low = t.add(p_low, t.fma(low, t.num(unit[0]), t.mul(high, t.num(unit[1]))))
    whole, lost = _sum(t, t.mul(e, t.num(two[0])), p)
    return _ends(t, x, t.add(whole, t.add(lost, t.fma(e, t.num(two[1]), p_low))))


def log2(t: Text, x: str) -> str:
    return _of_base(t, x, _LOG2_E, (1.0, 0.0))


def log10(t: Text, x: str) -> str:
    return _of_base(t, x, _LOG10_E, _LOG10_2)


def _size(t: Text, a: str, y: str) -> str:
    """a^y for a >= 0; NaN where both decide nothing."""
    zero, endless = t.compare("oeq", a, t.num(0.0)), t.compare("oeq", a, t.num(math.inf))
    if t.dtype == "float32":
        d = t.other("float64")
        wide, power = (d.new(f"fpext float {v} to double") for v in (a, y))
        f, e, _ = d.log_of_normal(wide)
        high = d.log_of_parts(f, e, terms=6)
        high = d.select(zero, d.num(-math.inf), d.select(endless, d.num(math.inf), high))
        k, r = d.reduced(d.clamp(d.mul(power, high), -110.0, 95.0))
        found = d.mul(d.poly(r, [1 / math.factorial(i) for i in range(9)]), d.power_of_two(k))
        return t.new(f"fptrunc double {found} to float")
    e, (m, m_low) = _logarithm(t, a)
    high, low = _sum(t, t.mul(e, t.num(_LN2[0])), m)
    low = t.add(low, t.fma(e, t.num(_LN2[1]), m_low))
    high = t.select(zero, t.num(-math.inf), t.select(endless, t.num(math.inf), high))
    low = t.select(zero, t.num(0.0), t.select(endless, t.num(0.0), low))
    p, p_low = _product(t, y, high)
    p_low = t.fma(y, low, p_low)
    limited = t.clamp(p, -746.0, 710.0)
    p_low = t.select(t.compare("oeq", p, limited), p_low, t.num(0.0))
    k, r = t.reduced(limited)
    return t.scaled(t.taylor(t.add(r, p_low), 0), k)


def pow(t: Text, x: str, y: str) -> str:
    a, one, zero = t.unary("fabs", x), t.num(1.0), t.num(0.0)
    found = t.select(t.compare("oeq", a, one), one, _size(t, a, y))
    half = t.mul(y, t.num(0.5))
    whole = t.compare("oeq", t.unary("floor", y), y)
    odd = t.new(f"and i1 {whole}, {t.compare('une', t.unary('floor', half), half)}")
    below = t.new(f"icmp slt {t.int} {t.new(f'bitcast {t.kind} {x} to {t.int}')}, 0")
    found = t.select(t.new(f"and i1 {below}, {odd}"), t.new(f"fneg {t.kind} {found}"), found)
    finite = t.new(f"and i1 {t.compare('olt', x, zero)}, {t.compare('ogt', x, t.num(-math.inf))}")
    found = t.select(t.new(f"and i1 {finite}, {t.new(f'xor i1 {whole}, true')}"), t.num(math.nan), found)
    found = t.select(t.compare("uno", x, y), t.num(math.nan), found)
    nothing = t.new(f"or i1 {t.compare('oeq', x, one)}, {t.compare('oeq', y, zero)}")
    return t.select(nothing, one, found)


def hypot(t: Text, x: str, y: str) -> str:
    a, b = t.unary("fabs", x), t.unary("fabs", y)
    if t.dtype == "float32":
        d = t.other("float64")
        wide, other = (d.new(f"fpext float {v} to double") for v in (a, b))
        found = t.new(f"fptrunc double {d.unary('sqrt', d.fma(wide, wide, d.mul(other, other)))} to float")
    else:
        large = t.select(t.compare("ogt", a, b), a, b)
        high, low = t.compare("ogt", large, t.num(2.0**500)), t.compare("olt", large, t.num(2.0**-500))
        scale = t.select(high, t.num(2.0**-600), t.select(low, t.num(2.0**600), t.num(1.0)))
        back = t.select(high, t.num(2.0**600), t.select(low, t.num(2.0**-600), t.num(1.0)))
        u, v = t.mul(a, scale), t.mul(b, scale)
        found = t.mul(t.unary("sqrt", t.fma(u, u, t.mul(v, v))), back)
    infinity = t.num(math.inf)
    endless = t.new(f"or i1 {t.compare('oeq', a, infinity)}, {t.compare('oeq', b, infinity)}")
    return t.select(endless, infinity, found)
