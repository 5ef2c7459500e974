"""Special functions; references are SciPy's."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from theon.ops.arith import sqr
from theon.ops.declare import Elemwise, elementwise, to_float, to_float_no_complex
from theon.ops.explog import exp, like, log


def _scipy(name: str) -> Any:
    def reference(xp: Any, *xs: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(*xs)

    return reference


def _special(name: str, scipy_name: str, nin: int, grad: Any, doc: str, math: str | None = None) -> Elemwise:
    lower = (lambda k, *xs: k.math(math, *xs)) if math else None
    return elementwise(name, nin, _scipy(scipy_name), to_float_no_complex, grad, lower, doc)


_TWO_OVER_ROOT_PI = 2 / sqrt(pi)
erf = _special(
    "erf", "erf", 1, lambda x, o, g: [g * like(o, _TWO_OVER_ROOT_PI) * exp(-x * x)], "Error function.", "erf"
)
erfc = _special(
    "erfc", "erfc", 1, lambda x, o, g: [-g * like(o, _TWO_OVER_ROOT_PI) * exp(-x * x)], "1 - erf(x).", "erfc"
)


def _erfcx(xp: Any, x: Any) -> Any:
    """SciPy's; below -1, where it is 2 exp(x²) less a little, with the rounding of x² made good."""
    import scipy.special

    found = scipy.special.erfcx(x)
    if x.dtype != np.float64:
        return found
    x = np.maximum(x, -30)  # 2 exp(900) is infinite already
    near = np.trunc(x * 256) / 256  # whose square is exact
    large = 2 * np.exp(near * near) * np.exp((x - near) * (x + near)) - scipy.special.erfcx(-x)
    return np.where(x < -1, large, found)


def _erfcx_lowered(k: Any, x: Any) -> Any:
    found = k.math("erfcx", x)
    if x.dtype != "float64":
        return found
    y = k.max(x, k.number(-30.0, x))
    near = k.div(k.trunc(k.mul(y, k.number(256.0, x))), k.number(256.0, x))
    power = k.mul(k.math("exp", k.mul(near, near)), k.math("exp", k.mul(k.sub(y, near), k.add(y, near))))
    large = k.sub(k.mul(k.number(2.0, x), power), k.math("erfcx", k.neg(y)))
    return k.select(k.lt(x, k.number(-1.0, x)), large, found)


erfcx = elementwise(
    "erfcx",
    1,
    _erfcx,
    to_float_no_complex,
    lambda x, o, g: [g * (2 * x * o - like(o, _TWO_OVER_ROOT_PI))],
    _erfcx_lowered,
    "exp(x²) erfc(x).",
)
erfinv = _special(
    "erfinv", "erfinv", 1, lambda x, o, g: [g * like(o, sqrt(pi) / 2) * exp(sqr(o))], "Inverse of erf.", "erfinv"
)
erfcinv = _special(
    "erfcinv",
    "erfcinv",
    1,
    lambda x, o, g: [-g * like(o, sqrt(pi) / 2) * exp(sqr(o))],
    "Inverse of erfc.",
    "erfcinv",
)
gamma = _special("gamma", "gamma", 1, lambda x, o, g: [g * o * psi(x)], "Gamma function.", "gamma")
gammaln = _special("gammaln", "gammaln", 1, lambda x, o, g: [g * psi(x)], "Logarithm of |gamma(x)|.", "gammaln")
psi = _special("psi", "psi", 1, lambda x, o, g: [g * tri_gamma(x)], "Derivative of gammaln.", "psi")


def _undefined(op: Any, place: int, x: Any) -> Any:
    """No gradient is known for the order, or none exists."""
    from theon.autodiff.reverse import grad_not_implemented

    return grad_not_implemented(op, place, x)


def _polygamma_lowered(k: Any, n: Any, x: Any) -> Any:
    one, half = k.one(x), k.mul(n, k.number(0.5, x))
    order = k.add(n, one)
    size = k.mul(k.math("gamma", order), k.math("zeta", order, x))
    rest = k.sub(half, k.floor(half))
    odd = k.select(k.or_(k.eq(rest, k.number(0.5, x)), k.isinf(n)), size, k.number(np.nan, x))
    found = k.select(k.eq(rest, k.zero(x)), k.neg(size), odd)
    return k.select(k.eq(n, k.zero(x)), k.math("psi", x), found)


polygamma = elementwise(
    "polygamma",
    2,
    _scipy("polygamma"),
    to_float_no_complex,
    lambda n, x, o, g: [_undefined("polygamma", 0, n), g * polygamma(n + 1, x)],
    _polygamma_lowered,
    "The n-th derivative of psi at x, for a whole number n.",
)


def _trigamma(xp: Any, x: Any) -> Any:
    import scipy.special

    return scipy.special.polygamma(1, x)


tri_gamma = elementwise(
    "tri_gamma",
    1,
    _trigamma,
    to_float_no_complex,
    lambda x, o, g: [g * polygamma(2, x)],
    lambda k, x: k.math("zeta", k.const(2.0, x.dtype), x),
    "Derivative of psi.",
)


def _chi2sf(xp: Any, x: Any, k: Any) -> Any:
    import scipy.stats

    return scipy.stats.chi2.sf(x, k)


def _chi2sf_gradient(x: Any, k: Any, o: Any, g: Any) -> list[Any]:
    """Less the density, for x; the survival function is gammaincc(k / 2, x / 2)."""
    half, z = k / like(o, 2), x / like(o, 2)
    return [-g * like(o, 0.5) * _gamma_density(half, z), -g * like(o, 0.5) * gammainc_by_a(half, z)]


def _gamma_density(a: Any, x: Any) -> Any:
    return exp(-x + (a - 1) * log(x) - gammaln(a))


def _chi2sf_lowered(k: Any, x: Any, df: Any) -> Any:
    half, zero = k.number(0.5, x), k.zero(x)
    found = k.math("gammaincc", k.mul(df, half), k.mul(x, half))
    found = k.select(k.eq(x, k.number(np.inf, x)), zero, found)
    return k.select(k.gt(df, zero), k.select(k.le(x, zero), k.one(x), found), k.number(np.nan, x))


chi2sf = elementwise(
    "chi2sf",
    2,
    _chi2sf,
    to_float_no_complex,
    _chi2sf_gradient,
    _chi2sf_lowered,
    "Survival function of the chi-squared distribution with k degrees of freedom.",
)


def _gammainc_by_a(xp: Any, a: Any, x: Any) -> Any:
    """By gammainc's series for moderate arguments, by differences of gammainc for large ones."""
    kind = np.result_type(a, x)
    a, x = np.broadcast_arrays(np.asarray(a, "float64"), np.asarray(x, "float64"))
    good = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    large = good & (np.maximum(a, x) > _LONGEST)
    found = np.where(good, 0.0, np.where((a > 0) & ((x == 0) | np.isposinf(x)), 0.0, np.nan))
    found[good & ~large] = _series_by_a(a[good & ~large], x[good & ~large])
    found[large] = _difference_by_a(a[large], x[large])
    return found.astype(kind)


_LONGEST = 500.0  # the series has about as many terms as x is large


def _series_by_a(a: Any, x: Any) -> Any:
    """Each term x^(a+n) exp(-x) / Gamma(a+n+1), times log(x) - psi(a+n+1)."""
    import scipy.special

    total, places = np.zeros(a.shape), np.arange(a.size)
    with np.errstate(all="ignore"):
        logs = np.log(x)
        for n in range(int(4 * _LONGEST)):
            order = a[places] + n
            size = np.exp(order * logs[places] - x[places] - scipy.special.gammaln(order + 1))
            term = size * (logs[places] - scipy.special.psi(order + 1))
            total[places] += term
            # Terms grow until n is about x, and then shrink faster and faster.
            more = (order < x[places]) | (np.abs(term) > 1e-17 * np.abs(total[places]) + 1e-300)
            places = places[more & np.isfinite(term)]
            if not places.size:
                break
    return total


def _difference_by_a(a: Any, x: Any) -> Any:
    """The central difference of eighth order: gammainc changes over the root of ``a``, and is constant for x far above it."""
    import scipy.special

    step = 0.03 * np.sqrt(np.maximum(a, 1.0))
    step = np.minimum(step, a / 5)
    total = np.zeros(a.shape)
    for k, weight in enumerate((4 / 5, -1 / 5, 4 / 105, -1 / 280), 1):
        total += weight * (scipy.special.gammainc(a + k * step, x) - scipy.special.gammainc(a - k * step, x))
    return total / step


gammainc_by_a = elementwise(
    "gammainc_by_a",
    2,
    _gammainc_by_a,
    to_float_no_complex,
    lambda a, x, o, g: [_undefined("gammainc_by_a", 0, a), g * _gamma_density(a, x) * (log(x) - psi(a))],
    lambda k, a, x: k.math("gammainc_by_a", a, x),
    "The derivative of gammainc(a, x) with respect to a, by its series: as many terms as x is large.",
)
gammainc = _special(
    "gammainc",
    "gammainc",
    2,
    lambda a, x, o, g: [g * gammainc_by_a(a, x), g * _gamma_density(a, x)],
    "Regularised lower incomplete gamma.",
    "gammainc",
)
gammaincc = _special(
    "gammaincc",
    "gammaincc",
    2,
    lambda a, x, o, g: [-g * gammainc_by_a(a, x), -g * _gamma_density(a, x)],
    "Regularised upper incomplete gamma.",
    "gammaincc",
)


def _times_gamma(name: str) -> Any:
    def reference(xp: Any, a: Any, x: Any) -> Any:
        import scipy.special

        # In double precision: the two factors may leave the range of single.
        b, y = np.asarray(a, "float64"), np.asarray(x, "float64")
        part = getattr(scipy.special, name)(b, y)
        with np.errstate(all="ignore"):
            by_log = np.exp(np.log(part) + scipy.special.gammaln(b))  # where gamma(b) alone is infinite
            found = np.where(b > 171, by_log, part * scipy.special.gamma(np.where(b == 0, 0.0, b)))
        return found.astype(np.result_type(a, x))

    return reference


gammal = elementwise(
    "gammal",
    2,
    _times_gamma("gammainc"),
    to_float_no_complex,
    lambda a, x, o, g: [g * (gamma(a) * gammainc_by_a(a, x) + o * psi(a)), g * exp(-x + (a - 1) * log(x))],
    lambda k, a, x: k.math("gammal", a, x),
    "Lower incomplete gamma function: the integral of t^(a-1) exp(-t) from 0 to x.",
)
gammau = elementwise(
    "gammau",
    2,
    _times_gamma("gammaincc"),
    to_float_no_complex,
    lambda a, x, o, g: [g * (o * psi(a) - gamma(a) * gammainc_by_a(a, x)), -g * exp(-x + (a - 1) * log(x))],
    lambda k, a, x: k.math("gammau", a, x),
    "Upper incomplete gamma function: the integral of t^(a-1) exp(-t) from x to infinity.",
)
j0 = _special("j0", "j0", 1, lambda x, o, g: [-g * j1(x)], "Bessel function of the first kind, order 0.", "j0")
j1 = _special(
    "j1", "j1", 1, lambda x, o, g: [g * (j0(x) - jv(2, x)) / 2], "Bessel function of the first kind, order 1.", "j1"
)
jv = _special(
    "jv",
    "jv",
    2,
    lambda v, x, o, g: [_undefined("jv", 0, v), g * (jv(v - 1, x) - jv(v + 1, x)) / 2],
    "Bessel function of the first kind.",
    "jv",
)
i0 = _special("i0", "i0", 1, lambda x, o, g: [g * i1(x)], "Modified Bessel function of the first kind, order 0.", "i0")
i1 = _special(
    "i1",
    "i1",
    1,
    lambda x, o, g: [g * (i0(x) + iv(2, x)) / 2],
    "Modified Bessel function of the first kind, order 1.",
    "i1",
)
iv = _special(
    "iv",
    "iv",
    2,
    lambda v, x, o, g: [_undefined("iv", 0, v), g * (iv(v - 1, x) + iv(v + 1, x)) / 2],
    "Modified Bessel function of the first kind.",
    "iv",
)


def _sigmoid(xp: Any, x: Any) -> Any:
    return 1 / (1 + xp.exp(-x))


sigmoid = elementwise(
    "sigmoid",
    1,
    _sigmoid,
    to_float,
    lambda x, o, g: [g * o * (1 - o)],
    lambda k, x: k.math("sigmoid", x),
    "1 / (1 + exp(-x)).",
    printed="sigmoid",
)


def _softplus(xp: Any, x: Any) -> Any:
    return xp.where(x > 0, x, 0) + xp.log1p(xp.exp(-abs(x)))


softplus = elementwise(
    "softplus", 1, _softplus, to_float_no_complex, lambda x, o, g: [g * sigmoid(x)], lambda k, x: k.math("softplus", x), "log(1 + exp(x)).",
    printed="softplus",
)  # fmt: skip
