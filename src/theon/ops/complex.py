"""Complex numbers: parts, angle, construction."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.ops.arith import conj
from theon.ops.declare import elementwise, real_part, to_float_no_complex, upcast
from theon.ops.trig import cos, sin

real = elementwise(
    "real",
    1,
    lambda xp, x: x.real,
    real_part,
    lambda x, o, g: [complex(g, g * 0)],
    lambda k, x: k.real(x),
    "Real part.",
    cast_inputs=False,
)
imag = elementwise(
    "imag",
    1,
    lambda xp, x: xp.imag(x),
    real_part,
    lambda x, o, g: [complex(g * 0, g)],
    lambda k, x: k.imag(x),
    "Imaginary part.",
    cast_inputs=False,
)


def _complex_dtype(x: str, y: str) -> str:
    return upcast(to_float_no_complex(upcast(x, y)), "complex64")


def _of_parts(xp: Any, x: Any, y: Any) -> Any:
    """x + iy; 1j * inf would be NaN + inf i."""
    if xp is not np:
        return xp.asarray(x) + 1j * xp.asarray(y)
    out = np.empty(np.broadcast_shapes(np.shape(x), np.shape(y)), _complex_dtype(str(x.dtype), str(y.dtype)))
    out.real, out.imag = x, y
    return out


def _of_polar(xp: Any, r: Any, a: Any) -> Any:
    wide = "float64" if _complex_dtype(str(r.dtype), str(a.dtype)) == "complex128" else "float32"
    r, a = r.astype(wide), a.astype(wide)
    return _of_parts(xp, r * xp.cos(a), r * xp.sin(a))


def _polar(k: Any, r: Any, a: Any) -> Any:
    kind = "float64" if _complex_dtype(r.dtype, a.dtype) == "complex128" else "float32"
    r, a = k.cast(r, kind), k.cast(a, kind)
    return k.pair(k.mul(r, k.math("cos", a)), k.mul(r, k.math("sin", a)))


complex = elementwise(
    "complex",
    2,
    _of_parts,
    _complex_dtype,
    lambda x, y, o, g: [real(g), imag(g)],
    lambda k, x, y: k.pair(x, y),
    "x + iy.",
    cast_inputs=False,
)
angle = elementwise(
    "angle", 1, lambda xp, x: xp.angle(x), lambda d: to_float_no_complex(real_part(d)),
    lambda x, o, g: [complex(-imag(x), real(x)) * (g / (real(x) * real(x) + imag(x) * imag(x)))], lambda k, x: k.angle(x),
    "Angle in the complex plane, in radians.", cast_inputs=False,
)  # fmt: skip
complex_from_polar = elementwise(
    "complex_from_polar", 2, _of_polar, _complex_dtype,
    lambda r, a, o, g: [real(g * conj(complex(cos(a), sin(a)))), real(g * conj(complex(-r * sin(a), r * cos(a))))], _polar,
    "The number of magnitude r and angle a (radians).", cast_inputs=False,
)  # fmt: skip
