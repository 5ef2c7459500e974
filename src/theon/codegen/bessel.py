"""The Bessel function of the first kind as native code: by its series in pairs of doubles, or by Hankel's expansion.

Both are DLMF's (10.2.2, 10.17.3). The terms of the series grow to exp(x) before they shrink, which 106 bits bear up to x = 25.
Orders so large that neither serves, and what is not real, are SciPy's.
"""

from __future__ import annotations

import math

from theon.codegen.doubled import call, pair_of
from theon.codegen.incomplete import SCALED
from theon.codegen.native import Function, Value

__all__ = ["bessel_text"]

_SERIES, _HANKEL, _POSITIVE = "theon_bessel_series", "theon_bessel_hankel", "theon_bessel_positive"
_BORDER = 25.0


def _series_text() -> str:
    """(x/2)^v / Gamma(v + 1) times the sum of (-x^2/4)^k / (k! (v + 1) ... (v + k))."""
    f = Function(_SERIES, [("v", "double"), ("x", "double")], "double")
    v, x = f["v"], f["x"]
    half = x * 0.5
    square = -(pair_of(f, half) * half)
    high, low, k = f.variable("double", 1.0), f.variable("double", 0.0), f.variable("double", 0.0)
    total, rest = f.variable("double", 1.0), f.variable("double", 0.0)
    one = pair_of(f, 1)
    with f.repeat(120) as stop:
        k.set(k.get() + 1.0)
        below = (pair_of(f, v) + k.get()) * k.get()
        term = type(one)(high.get(), low.get()) * square / below
        high.set(term.high)
        low.set(term.low)
        now = type(one)(total.get(), rest.get()) + term
        total.set(now.high)
        rest.set(now.low)
        stop(call("fabs", term.high).ordered("ole", call("fabs", now.high) * 1e-18))
    f.give(total.get() * f.call(SCALED, v, half, f.value(0.0, "double"), result="double"))
    f.emit("unreachable")
    return f.text()


def _hankel_text() -> str:
    """sqrt(2 / (pi x)) (P cos(x - c) - Q sin(x - c)), c = (v / 2 + 1 / 4) pi."""
    f = Function(_HANKEL, [("v", "double"), ("x", "double")], "double")
    v, x = f["v"], f["x"]
    term, k = f.variable("double", 1.0), f.variable("double", 0.0)
    even, odd = f.variable("double", 1.0), f.variable("double", 0.0)
    with f.repeat(60) as stop:
        for target, sign in ((odd, 1.0), (even, -1.0), (odd, -1.0), (even, 1.0)):
            k.set(k.get() + 1.0)
            edge = 2.0 * k.get() - 1.0
            term.set(term.get() * ((2.0 * v - edge) * (2.0 * v + edge) / (8.0 * k.get() * x)))
            target.set(target.get() + sign * term.get())
            # Beyond k = v and 2x the terms of an asymptotic series grow again.
            stop(call("fabs", term.get()).ordered("ole", 1e-18) | k.get().ordered("ogt", x))
    half = v * 0.5
    turns = half - 2.0 * call("floor", half * 0.5) + 0.25  # half of it is taken exactly
    angle = turns * math.pi
    sine, cosine, by_sine, by_cosine = (call(n, y) for y in (x, angle) for n in ("sin", "cos"))
    along = cosine * by_cosine + sine * by_sine
    across = sine * by_cosine - cosine * by_sine
    f.give(call("sqrt", 2.0 / (math.pi * x)) * (even.get() * along - odd.get() * across))
    f.emit("unreachable")
    return f.text()


def _scipy(f: Function, v: Value, x: Value) -> Value:
    return f.call("theon_scipy_jv", v, x, f.value(0, "i32"), result="double")


def _positive_text() -> str:
    f = Function(_POSITIVE, [("v", "double"), ("x", "double")], "double")
    v, x = f["v"], f["x"]
    with f.when(x.ordered("oeq", 0.0)):
        f.give(f.select(v.ordered("oeq", 0.0), 1.0, 0.0, "double"))
    with f.when(x.ordered("ole", _BORDER) & v.ordered("olt", 1e6)):
        f.give(f.call(_SERIES, v, x, result="double"))
    with f.when(x.ordered("ogt", _BORDER) & x.ordered("olt", 1e300) & (v * v).ordered("ole", 4.0 * x)):
        f.give(f.call(_HANKEL, v, x, result="double"))
    f.give(_scipy(f, v, x))
    f.emit("unreachable")
    return f.text()


def bessel_text() -> str:
    """The definition of ``theon_special_jv``; :mod:`incomplete`'s functions and SciPy's jv are needed."""
    f = Function("theon_special_jv", [("v", "double"), ("x", "double")], "double")
    v, x = f["v"], f["x"]
    with f.when(v.ordered("oge", 0.0) & x.ordered("oge", 0.0)):
        f.give(f.call(_POSITIVE, v, x, result="double"))
    order = call("fabs", v)
    with f.when(call("rint", order).ordered("oeq", order) & order.ordered("olt", 1e15)):
        # J(-n, x) and J(n, -x) are J(n, x) with the sign of an odd n turned, each.
        even = (call("floor", order * 0.5) * 2.0).ordered("oeq", order)
        same = f.new("i1", f"xor i1 {v.ordered('olt', 0.0).text}, {x.ordered('olt', 0.0).text}")
        found = f.call(_POSITIVE, order, call("fabs", x), result="double")
        turned = same & f.new("i1", f"xor i1 {even.text}, true")
        f.give(f.select(turned, -found, found, "double"))
    f.give(_scipy(f, v, x))
    f.emit("unreachable")
    return "\n".join([_series_text(), _hankel_text(), _positive_text(), f.text(linkage="")])
