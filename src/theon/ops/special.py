"""Special functions; references are SciPy's."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

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
erfcx = _special(
    "erfcx", "erfcx", 1, lambda x, o, g: [g * (2 * x * o - like(o, _TWO_OVER_ROOT_PI))], "exp(x²) erfc(x)."
)
erfinv = _special("erfinv", "erfinv", 1, lambda x, o, g: [g * like(o, sqrt(pi) / 2) * exp(sqr(o))], "Inverse of erf.")
erfcinv = _special(
    "erfcinv", "erfcinv", 1, lambda x, o, g: [-g * like(o, sqrt(pi) / 2) * exp(sqr(o))], "Inverse of erfc."
)
gamma = _special("gamma", "gamma", 1, lambda x, o, g: [g * o * psi(x)], "Gamma function.", "gamma")
gammaln = _special("gammaln", "gammaln", 1, lambda x, o, g: [g * psi(x)], "Logarithm of |gamma(x)|.", "gammaln")
psi = _special("psi", "psi", 1, lambda x, o, g: [g * tri_gamma(x)], "Derivative of gammaln.")


def _trigamma(xp: Any, x: Any) -> Any:
    import scipy.special

    return scipy.special.polygamma(1, x)


tri_gamma = elementwise("tri_gamma", 1, _trigamma, to_float_no_complex, None, None, "Derivative of psi.")


def _chi2sf(xp: Any, x: Any, k: Any) -> Any:
    import scipy.stats

    return scipy.stats.chi2.sf(x, k)


chi2sf = elementwise(
    "chi2sf", 2, _chi2sf, to_float_no_complex, None, None, "Survival function of the chi-squared distribution."
)
gammainc = _special(
    "gammainc",
    "gammainc",
    2,
    lambda a, x, o, g: [None, g * exp(-x + (a - 1) * log(x) - gammaln(a))],
    "Regularised lower incomplete gamma.",
)
gammaincc = _special(
    "gammaincc",
    "gammaincc",
    2,
    lambda a, x, o, g: [None, -g * exp(-x + (a - 1) * log(x) - gammaln(a))],
    "Regularised upper incomplete gamma.",
)


def _times_gamma(name: str) -> Any:
    def reference(xp: Any, a: Any, x: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(a, x) * scipy.special.gamma(a)

    return reference


gammal = elementwise(
    "gammal", 2, _times_gamma("gammainc"), to_float_no_complex, lambda a, x, o, g: [None, g * exp(-x + (a - 1) * log(x))], None,
    "Lower incomplete gamma function: the integral of t^(a-1) exp(-t) from 0 to x.",
)  # fmt: skip
gammau = elementwise(
    "gammau", 2, _times_gamma("gammaincc"), to_float_no_complex, lambda a, x, o, g: [None, -g * exp(-x + (a - 1) * log(x))], None,
    "Upper incomplete gamma function: the integral of t^(a-1) exp(-t) from x to infinity.",
)  # fmt: skip
j0 = _special("j0", "j0", 1, lambda x, o, g: [-g * j1(x)], "Bessel function of the first kind, order 0.")
j1 = _special(
    "j1", "j1", 1, lambda x, o, g: [g * (j0(x) - jv(2, x)) / 2], "Bessel function of the first kind, order 1."
)
jv = _special(
    "jv",
    "jv",
    2,
    lambda v, x, o, g: [None, g * (jv(v - 1, x) - jv(v + 1, x)) / 2],
    "Bessel function of the first kind.",
)
i0 = _special("i0", "i0", 1, lambda x, o, g: [g * i1(x)], "Modified Bessel function of the first kind, order 0.")
i1 = _special(
    "i1", "i1", 1, lambda x, o, g: [g * (i0(x) + iv(2, x)) / 2], "Modified Bessel function of the first kind, order 1."
)
iv = _special(
    "iv",
    "iv",
    2,
    lambda v, x, o, g: [None, g * (iv(v - 1, x) + iv(v + 1, x)) / 2],
    "Modified Bessel function of the first kind.",
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
