"""Trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

from theon.ops.arith import sqr
from theon.ops.declare import Elemwise, elementwise, to_float, to_float_no_complex
from theon.ops.explog import sqrt


def _trig(name: str, ufunc: str, grad: Any, doc: str) -> Elemwise:
    return elementwise(name, 1, lambda xp, x: getattr(xp, ufunc)(x), to_float, grad, lambda k, x: k.math(ufunc, x), doc)


cos = _trig("cos", "cos", lambda x, o, g: [-g * sin(x)], "Cosine.")
sin = _trig("sin", "sin", lambda x, o, g: [g * cos(x)], "Sine.")
tan = _trig("tan", "tan", lambda x, o, g: [g / sqr(cos(x))], "Tangent.")
arccos = _trig("arccos", "arccos", lambda x, o, g: [-g / sqrt(1 - sqr(x))], "Inverse cosine.")
arcsin = _trig("arcsin", "arcsin", lambda x, o, g: [g / sqrt(1 - sqr(x))], "Inverse sine.")
arctan = _trig("arctan", "arctan", lambda x, o, g: [g / (1 + sqr(x))], "Inverse tangent.")
cosh = _trig("cosh", "cosh", lambda x, o, g: [g * sinh(x)], "Hyperbolic cosine.")
sinh = _trig("sinh", "sinh", lambda x, o, g: [g * cosh(x)], "Hyperbolic sine.")
tanh = _trig("tanh", "tanh", lambda x, o, g: [g * (1 - sqr(o))], "Hyperbolic tangent.")
arccosh = _trig("arccosh", "arccosh", lambda x, o, g: [g / sqrt(sqr(x) - 1)], "Inverse hyperbolic cosine.")
arcsinh = _trig("arcsinh", "arcsinh", lambda x, o, g: [g / sqrt(sqr(x) + 1)], "Inverse hyperbolic sine.")
arctanh = _trig("arctanh", "arctanh", lambda x, o, g: [g / (1 - sqr(x))], "Inverse hyperbolic tangent.")
arctan2 = elementwise(
    "arctan2",
    2,
    lambda xp, y, x: xp.arctan2(y, x),
    to_float_no_complex,
    lambda y, x, o, g: [g * x / (sqr(x) + sqr(y)), -g * y / (sqr(x) + sqr(y))],
    lambda k, y, x: k.math("arctan2", y, x),
    "Angle of the point (x, y).",
)
