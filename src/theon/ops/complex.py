"""Complex numbers: parts, angle, construction."""

from __future__ import annotations

from theon.ops.arith import conj
from theon.ops.declare import elementwise, real_part, to_float_no_complex, upcast
from theon.ops.trig import cos, sin

real = elementwise(
    "real",
    1,
    lambda xp, x: x.real,
    real_part,
    lambda x, o, g: [complex(g, g * 0)],
    lambda k, x: x,
    "Real part.",
    cast_inputs=False,
)
imag = elementwise(
    "imag",
    1,
    lambda xp, x: xp.imag(x),
    real_part,
    lambda x, o, g: [complex(g * 0, g)],
    None,
    "Imaginary part.",
    cast_inputs=False,
)


def _complex_dtype(x: str, y: str) -> str:
    return upcast(to_float_no_complex(upcast(x, y)), "complex64")


complex = elementwise(
    "complex", 2, lambda xp, x, y: x + 1j * y, _complex_dtype, lambda x, y, o, g: [real(g), imag(g)], None, "x + iy."
)
angle = elementwise(
    "angle", 1, lambda xp, x: xp.angle(x), lambda d: to_float_no_complex(real_part(d)),
    lambda x, o, g: [complex(-imag(x), real(x)) * (g / (real(x) * real(x) + imag(x) * imag(x)))], None,
    "Angle in the complex plane, in radians.", cast_inputs=False,
)  # fmt: skip
complex_from_polar = elementwise(
    "complex_from_polar", 2, lambda xp, r, a: r * xp.exp(1j * a), _complex_dtype,
    lambda r, a, o, g: [real(g * conj(complex(cos(a), sin(a)))), real(g * conj(complex(-r * sin(a), r * cos(a))))], None,
    "The number of magnitude r and angle a (radians).",
)  # fmt: skip
