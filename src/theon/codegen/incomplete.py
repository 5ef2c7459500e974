"""The incomplete gamma functions as native code, to a few units in the last place.

What limits others is the factor x^a exp(-x) / Gamma(a): its logarithm is the difference of large numbers, here pairs of doubles.
Series, continued fraction and small ``a`` as in W. Gautschi, ACM TOMS 5 (1979); large ``a`` near ``x`` as in N. Temme, DLMF 8.12.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

from theon.codegen.doubled import Pair, call, log_of, pair_of, polynomial
from theon.codegen.native import Function, Value

__all__ = ["NAMES", "SCALED", "incomplete_text"]

NAMES = ("gammainc", "gammaincc", "gammal", "gammau", "gammainc_by_a")
SCALED, _POWER, _GAMMA = "theon_gamma_scaled", "theon_gamma_power", "theon_gamma_whole"
_SERIES, _FRACTION, _SMALL = "theon_gamma_series", "theon_gamma_fraction", "theon_gamma_small"
_NEAR = "theon_gamma_near"  # P or Q for large a, of the tail that x lies in
_LARGE, _BAND = 200.0, 0.3  # Temme's expansion is for a >= _LARGE and |x - a| < _BAND a
_STIRLING = [
    Fraction(*n)
    for n in ((1, 12), (-1, 360), (1, 1260), (-1, 1680), (1, 1188), (-691, 360360), (1, 156), (-3617, 122400))
]
_EULER = 0.5772156649015328606


def _exp_of(x: Pair) -> Value:
    """The exponential of a pair as one number."""
    found = call("exp", x.high)
    return x.high.function.select(x.high.ordered("olt", 709.0), call("fma", found, x.low, found), found, "double")


def _stirling(b: Value) -> Value:
    """log Gamma(b) less (b - 1/2) log b - b + log(2 pi) / 2, for b >= 10."""
    inverse = 1.0 / b
    return inverse * polynomial(inverse * inverse, [float(c) for c in _STIRLING])


def _shifted(a: Value) -> tuple[Pair, Pair]:
    """a + 10, and (a + 1) ... (a + 10), for a below 10."""
    f = a.function
    product = pair_of(f, a) + 1.0
    for n in range(2, 11):
        product = product * (pair_of(f, a) + float(n))
    return pair_of(f, a) + 10.0, product


def _log_of_pair(x: Pair) -> Pair:
    return log_of(x.high) + x.low / x.high


def _scaled_text() -> str:
    """x^a exp(-c) / Gamma(a + 1)."""
    f = Function(SCALED, [("a", "double"), ("x", "double"), ("c", "double")], "double")
    a, x, c = f["a"], f["x"], f["c"]
    with f.when(a.ordered("oge", 10.0)):
        with f.when(x.ordered("olt", 1e-100)):
            f.give(0.0)
        ratio = pair_of(f, x) / a
        exponent = _log_of_pair(ratio) * a + (pair_of(f, a) - c)
        f.give(_exp_of(exponent - _stirling(a)) / call("sqrt", a * (2 * math.pi)))
    b, product = _shifted(a)
    exponent = log_of(x) * a - _log_of_pair(b) * b + (b - c)
    f.give(_exp_of(exponent - _stirling(b.high)) * product.high / call("sqrt", b.high * (2 * math.pi)))
    f.emit("unreachable")
    return f.text()


def _power_text() -> str:
    """x^a exp(-x)."""
    f = Function(_POWER, [("a", "double"), ("x", "double")], "double")
    f.give(_exp_of(log_of(f["x"]) * f["a"] - f["x"]))
    f.emit("unreachable")
    return f.text()


def _gamma_text() -> str:
    """Gamma(a) for a > 0."""
    f = Function(_GAMMA, [("a", "double")], "double")
    a = f["a"]
    with f.when(a.ordered("ogt", 171.7)):
        f.give(math.inf)
    with f.when(call("rint", a).ordered("oeq", a) & a.ordered("ole", 23.0)):
        factorial, n = f.variable("double", 1.0), f.variable("double", 1.0)  # exact
        with f.repeat(23) as stop:
            stop(n.get().ordered("oge", a))
            factorial.set(factorial.get() * n.get())
            n.set(n.get() + 1.0)
        f.give(factorial.get())
    with f.when(a.ordered("oge", 10.0)):
        exponent = log_of(a) * a - a + _stirling(a)
        f.give(_exp_of(exponent) * call("sqrt", 2 * math.pi / a))
    b, product = _shifted(a)
    exponent = _log_of_pair(b) * b - b + _stirling(b.high)
    f.give(_exp_of(exponent) * call("sqrt", b.high * (2 * math.pi)) / product.high / a)
    f.emit("unreachable")
    return f.text()


def _series_text() -> str:
    """1 + x / (a + 1) + x^2 / ((a + 1) (a + 2)) + ..."""
    f = Function(_SERIES, [("a", "double"), ("x", "double")], "double")
    term, total, below = f.variable("double", 1.0), f.variable("double", 0.0), f.variable("double", f["a"])
    lost = f.variable("double", 0.0)
    with f.repeat(100000) as stop:
        below.set(below.get() + 1.0)
        now = term.get() * (f["x"] / below.get())
        # Kahan's sum: there may be hundreds of terms of about the same size.
        part = now - lost.get()
        after = total.get() + part
        lost.set((after - total.get()) - part)
        total.set(after)
        term.set(now)
        stop(now.ordered("ole", after * 1e-17))
    f.give(total.get() + 1.0)
    f.emit("unreachable")
    return f.text()


def _fraction_text() -> str:
    """1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...))), summed from its front (Steed's way)."""
    f = Function(_FRACTION, [("a", "double"), ("x", "double")], "double")
    a, x = f["a"], f["x"]
    below = f.variable("double", (x - a) + 1.0)
    inverse = f.variable("double", 1.0 / below.get())
    step, total, i = f.variable("double", inverse.get()), f.variable("double", inverse.get()), f.variable("double", 0.0)
    with f.repeat(100000) as stop:
        i.set(i.get() + 1.0)
        above = i.get() * (a - i.get())
        below.set(below.get() + 2.0)
        inverse.set(1.0 / call("fma", above, inverse.get(), below.get()))
        step.set(call("fma", below.get(), inverse.get(), -1.0) * step.get())
        total.set(total.get() + step.get())
        stop(call("fabs", step.get()).ordered("ole", total.get() * 1e-17))
    f.give(total.get())
    f.emit("unreachable")
    return f.text()


@functools.cache
def _log_gamma_series() -> list[float]:
    """Of log Gamma(1 + a) + log(1 + a) = a (1 - Euler) + sum of (-1)^k (zeta(k) - 1) a^k / k, the factors of a, a^2, ..."""

    def beyond(k: int) -> Fraction:
        """zeta(k) - 1: terms below n, the rest by Euler and Maclaurin."""
        n, one = 60, 1 << 160
        head = Fraction(sum(one // m**k for m in range(2, n)), one)
        tail = Fraction(1, (k - 1) * n ** (k - 1)) + Fraction(1, 2 * n**k) + Fraction(k, 12 * n ** (k + 1))
        tail -= Fraction(k * (k + 1) * (k + 2), 720 * n ** (k + 3))
        tail += Fraction(k * (k + 1) * (k + 2) * (k + 3) * (k + 4), 30240 * n ** (k + 5))
        return head + tail

    return [1 - _EULER] + [float((-1) ** k * beyond(k) / k) for k in range(2, 52)]


def _small_text() -> str:
    """Q where both are small and P is near 1: -expm1(a log x - log Gamma(1 + a)) less what the other terms of P give."""
    f = Function(_SMALL, [("a", "double"), ("x", "double")], "double")
    a, x = f["a"], f["x"]
    log_gamma = a * polynomial(a, _log_gamma_series()) - call("log1p", a)
    first = call("expm1", a * call("log", x) - log_gamma)
    term, total, n = f.variable("double", 1.0), f.variable("double", 0.0), f.variable("double", 0.0)
    with f.repeat(200) as stop:
        n.set(n.get() + 1.0)
        term.set(-(term.get() * x / n.get()))
        now = term.get() / (a + n.get())
        total.set(total.get() + now)
        stop(call("fabs", now).ordered("ole", call("fabs", total.get()) * 1e-17))
    f.give(-first - (first + 1.0) * (a * total.get()))
    f.emit("unreachable")
    return f.text()


@functools.cache
def _temme(orders: int = 8, terms: int = 18) -> list[list[float]]:
    """The Taylor coefficients of c_k(eta), DLMF 8.12.11: with eta = sqrt(2 (mu - log(1 + mu))), mu = sum of alpha_n eta^n."""
    count = terms + 2 * orders + 2
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, count + 1):
        known = sum((k * alpha[k] * alpha[n - k + 1] for k in range(2, n)), Fraction(0))
        alpha.append((alpha[n - 1] - known) / (n + 1))
    row = [Fraction(-1, 3)] + [(n + 2) * alpha[n + 2] for n in range(1, count - 2)]
    first, rows, odd = row, [row], Fraction(1)
    for k in range(1, orders):
        odd *= 2 * k + 1
        g = odd * alpha[2 * k + 1]  # of Gamma's asymptotic series
        row = [(-1) ** k * g * first[n] + (n + 2) * row[n + 2] for n in range(len(row) - 2)]
        rows.append(row)
    return [[float(c) for c in row[:terms]] for row in rows]


def _near_text() -> str:
    """Q for x >= a, P for x < a: erfc(sqrt(a) |eta| / sqrt(2)) / 2, and its correction."""
    f = Function(_NEAR, [("a", "double"), ("x", "double")], "double")
    a, x = f["a"], f["x"]
    ratio = pair_of(f, x) / a
    exponent = _log_of_pair(ratio) * a + (pair_of(f, a) - x)
    square = -exponent
    known = square.high.ordered("ogt", 0.0)
    root = call("sqrt", f.select(known, square.high, 0.0, "double"))
    power = _exp_of(exponent)
    # The root's own rounding matters where erfc falls steeply.
    missed = (call("fma", -root, root, square.high) + square.low) / (2.0 * f.select(known, root, 1.0, "double"))
    tail = 0.5 * call("erfc", root) - power * missed * (1 / math.sqrt(math.pi))
    above = x.ordered("oge", a)
    size = root * call("sqrt", 2.0 / a)
    eta = f.select(above, size, -size, "double")
    inverse = 1.0 / a
    rows = [polynomial(eta, row) for row in _temme()]
    total = rows[-1]
    for row in reversed(rows[:-1]):
        total = call("fma", total, inverse, row)
    rest = power * total / call("sqrt", a * (2 * math.pi))
    f.give(tail + f.select(above, rest, -rest, "double"))
    f.emit("unreachable")
    return f.text()


def _driver_text(name: str) -> str:
    """One of the four functions: what it is at the borders, then by the method that the place asks for."""
    upper, whole = name in ("gammaincc", "gammau"), name in ("gammal", "gammau")
    f = Function(f"theon_special_{name}", [("a", "double"), ("x", "double")], "double")
    a, x = f["a"], f["x"]

    def gamma() -> Value:
        return f.call(_GAMMA, a, result="double")

    def others(part: Value) -> Value:
        """Gamma(a) less the part of it that is known; where that is infinite, so is the rest, which is not smaller."""
        return f.select(part.ordered("oeq", math.inf), math.inf, gamma() - part, "double")

    def give(value: float | Value) -> None:
        f.give(gamma() * value if whole else value)

    good = a.ordered("oge", 0.0) & x.ordered("oge", 0.0)
    with f.unless(good):
        f.give(math.nan)
    with f.when(a.ordered("oeq", 0.0)):
        with f.when(x.ordered("oeq", 0.0)):
            f.give(math.nan)
        f.give((math.nan if upper else math.inf) if whole else (0.0 if upper else 1.0))
    with f.when(x.ordered("oeq", 0.0)):
        give(1.0 if upper else 0.0)
    with f.when(x.ordered("oeq", math.inf)):
        with f.when(a.ordered("oeq", math.inf)):
            f.give(math.nan)
        f.give(0.0) if upper else give(1.0)
    with f.when(a.ordered("ogt", 1e150)):
        # The change from 0 to 1 is narrower than the distance of doubles.
        low, high = (1.0, 0.0) if upper else (0.0, 1.0)
        beside = f.select(x.ordered("olt", a), low, high, "double")
        give(f.select(x.ordered("oeq", a), 0.5, beside, "double"))
    distance = call("fabs", x - a)
    with f.when(a.ordered("oge", _LARGE) & distance.ordered("olt", a * _BAND)):
        tail = f.call(_NEAR, a, x, result="double")
        own = x.ordered("oge" if upper else "olt", a)
        give(f.select(own, tail, 1.0 - tail, "double"))
    with f.when(x.ordered("ogt", 1.1) & x.ordered("ogt", a)):
        fraction = f.call(_FRACTION, a, x, result="double")
        if whole:
            part = f.call(_POWER, a, x, result="double") * fraction
            f.give(part if upper else others(part))
        else:
            part = f.call(SCALED, a, x, x, result="double") * a * fraction
            f.give(part if upper else 1.0 - part)
    if upper:
        border = f.select(x.ordered("ole", 0.5), -0.4 / call("log", x), 0.75 * x, "double")
        with f.when(x.ordered("ole", 1.1) & a.ordered("olt", border)):
            give(f.call(_SMALL, a, x, result="double"))
    series = f.call(_SERIES, a, x, result="double")
    if whole:
        part = f.call(_POWER, a, x, result="double") / a * series
        f.give(others(part) if upper else part)
    else:
        found = f.call(SCALED, a, x, x, result="double") * series
        part = f.select(found.ordered("ogt", 1.0), 1.0, found, "double")
        f.give(1.0 - part if upper else part)
    f.emit("unreachable")
    return f.text(linkage="")


_LONGEST = 500.0  # the series has about as many terms as x is large


def _difference(a: Value, x: Value, step: Value, name: str) -> Value:
    """The derivative by a, from eight places around it."""
    f = a.function
    total = f.value(0.0, "double")
    for k, weight in enumerate((4 / 5, -1 / 5, 4 / 105, -1 / 280), 1):
        above, below = (f.call(f"theon_special_{name}", a + step * float(n), x, result="double") for n in (k, -k))
        total = total + weight * (above - below)
    return total / step


def _by_a_text() -> str:
    """The derivative of P by a: of each term of its series, or by differences of eighth order where those are many or cancel."""
    f = Function("theon_special_gammainc_by_a", [("a", "double"), ("x", "double")], "double")
    a, x = f["a"], f["x"]
    with f.unless(a.ordered("ogt", 0.0) & x.ordered("oge", 0.0)):
        f.give(math.nan)
    with f.when(x.ordered("oeq", 0.0) | x.ordered("oeq", math.inf)):
        f.give(0.0)
    with f.when(a.ordered("oeq", math.inf)):
        f.give(math.nan)
    with f.when(x.ordered("ogt", 2.0 * a + 20.0)):
        # Q is small, and its logarithm changes with a by about log(x / a); below 1e-200 its derivative does not change any more.
        near = f.select(a.ordered("olt", 1e-200), 1e-200, a, "double")
        wanted, most = 0.05 / (call("log", x) - call("log", near) + 1.0), near * 0.2
        step = f.select(wanted.ordered("olt", most), wanted, most, "double")
        f.give(0.0 - _difference(near, x, step, "gammaincc"))
    with f.when(a.ordered("ogt", _LONGEST) | x.ordered("ogt", _LONGEST)):
        # P changes over the root of a.
        f.give(_difference(a, x, 0.03 * call("sqrt", a), "gammainc"))
    log = call("log", x)
    size = f.variable("double", f.call(SCALED, a, x, x, result="double"))
    order = f.variable("double", a + 1.0)
    slope = f.variable("double", log - f.call("theon_scipy_psi", order.get(), f.value(0, "i32"), result="double"))
    found = f.variable("double", 0.0)
    with f.repeat(4000) as stop:
        now = size.get() * slope.get()
        found.set(found.get() + now)
        # Terms grow until there are about x of them, and then shrink faster and faster.
        little = call("fabs", now).ordered("ole", call("fabs", found.get()) * 1e-17)
        stop((little | size.get().ordered("oeq", 0.0)) & order.get().ordered("ogt", x))
        slope.set(slope.get() - 1.0 / order.get())
        size.set(size.get() * (x / order.get()))
        order.set(order.get() + 1.0)
    f.give(found.get())
    f.emit("unreachable")
    return f.text(linkage="")


def incomplete_text() -> str:
    """Definitions of ``theon_special_NAME`` for each of :data:`NAMES`; :mod:`doubled`'s logarithm and SciPy's psi are needed."""
    parts = [
        _scaled_text(),
        _power_text(),
        _gamma_text(),
        _series_text(),
        _fraction_text(),
        _small_text(),
        _near_text(),
    ]
    return "\n".join([*parts, *(_driver_text(name) for name in NAMES[:4]), _by_a_text()])
