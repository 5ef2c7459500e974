"""Exponentials, logarithms, roots."""

from __future__ import annotations

from math import log as ln

from theon.ops.declare import elementwise, no_complex, to_float, to_float_no_complex

_LN2, _LN10 = ln(2.0), ln(10.0)

exp = elementwise(
    "exp",
    1,
    lambda xp, x: xp.exp(x),
    to_float,
    lambda x, o, g: [g * o],
    lambda k, x: k.math("exp", x),
    "e to the power x.",
)
exp2 = elementwise(
    "exp2",
    1,
    lambda xp, x: xp.exp2(x),
    to_float,
    lambda x, o, g: [g * o * _like(o, _LN2)],
    lambda k, x: k.math("exp2", x),
    "2 to the power x.",
)
expm1 = elementwise(
    "expm1",
    1,
    lambda xp, x: xp.expm1(x),
    to_float,
    lambda x, o, g: [g * exp(x)],
    lambda k, x: k.math("expm1", x),
    "exp(x) - 1, accurate near 0.",
)
log = elementwise(
    "log",
    1,
    lambda xp, x: xp.log(x),
    to_float,
    lambda x, o, g: [g / x],
    lambda k, x: k.math("log", x),
    "Natural logarithm.",
)
log2 = elementwise(
    "log2",
    1,
    lambda xp, x: xp.log2(x),
    to_float,
    lambda x, o, g: [g / (x * _like(o, _LN2))],
    lambda k, x: k.math("log2", x),
    "Logarithm to base 2.",
)
log10 = elementwise(
    "log10",
    1,
    lambda xp, x: xp.log10(x),
    to_float,
    lambda x, o, g: [g / (x * _like(o, _LN10))],
    lambda k, x: k.math("log10", x),
    "Logarithm to base 10.",
)
log1p = elementwise(
    "log1p",
    1,
    lambda xp, x: xp.log1p(x),
    to_float,
    lambda x, o, g: [g / (x + 1)],
    lambda k, x: k.math("log1p", x),
    "log(1 + x), accurate near 0.",
)
sqrt = elementwise(
    "sqrt",
    1,
    lambda xp, x: xp.sqrt(x),
    to_float,
    lambda x, o, g: [g * _like(o, 0.5) / o],
    lambda k, x: k.sqrt(x),
    "Square root.",
)
inv = elementwise(
    "inv",
    1,
    lambda xp, x: 1 / x,
    to_float,
    lambda x, o, g: [-g * o * o],
    lambda k, x: k.div(k.one(x), x),
    "Reciprocal.",
)
deg2rad = elementwise(
    "deg2rad", 1, lambda xp, x: xp.deg2rad(x), to_float_no_complex, lambda x, o, g: [deg2rad(g)],
    lambda k, x: k.mul(x, k.number(0.017453292519943295, x)), "Degrees to radians.",
)  # fmt: skip
rad2deg = elementwise(
    "rad2deg", 1, lambda xp, x: xp.rad2deg(x), to_float_no_complex, lambda x, o, g: [rad2deg(g)],
    lambda k, x: k.mul(x, k.number(57.29577951308232, x)), "Radians to degrees.",
)  # fmt: skip


def _like(o: object, value: float) -> object:
    """A constant of the dtype of ``o``: a Python float would widen float32 results."""
    import numpy as np

    from theon.tensor.constant import constant

    return constant(np.asarray(value, dtype=o.type.dtype))  # type: ignore[attr-defined]


like = _like


def _xlogx(xp, x):  # type: ignore[no-untyped-def]
    return xp.where(x == 0, xp.zeros_like(x), x * xp.log(xp.where(x == 0, xp.ones_like(x), x)))


xlogx = elementwise(
    "xlogx", 1, _xlogx, lambda d: to_float(no_complex(d)), lambda x, o, g: [g * (1 + log(x))],
    lambda k, x: k.select(k.eq(x, k.zero(x)), k.zero(x), k.mul(x, k.math("log", x))), "x log(x), 0 at 0.",
)  # fmt: skip


def _xlogy0(xp, x, y):  # type: ignore[no-untyped-def]
    return xp.where(x == 0, xp.zeros_like(x), x * xp.log(y))


xlogy0 = elementwise(
    "xlogy0", 2, _xlogy0, lambda *d: to_float(no_complex(*d)), lambda x, y, o, g: [g * log(y), g * x / y],
    lambda k, x, y: k.select(k.eq(x, k.zero(x)), k.zero(x), k.mul(x, k.math("log", y))), "x log(y), 0 where x is 0.",
)  # fmt: skip
