"""Complex numbers as pairs of scalar expressions, and the builder that computes with them.

A complex value of an expression is a node ``pair`` of two floats; nothing else in the kernel language knows complex numbers.
:class:`ComplexBuilder` has the methods of :class:`~theon.kernel.build.Builder`, so that an op's one scalar form serves both.

Sources: division by Smith (Comm. ACM 5, 1962), as NumPy; square root, inverse functions and tanh by Kahan ("Branch cuts for
complex elementary functions", 1987); the logarithm near |z| = 1 by log1p of (m - 1)(m + 1) + n^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from theon.kernel.build import Builder, Unsupported
from theon.kernel.scalar import BOOL, Scalar, const, make

__all__ = ["PART", "ComplexBuilder", "pair", "parts_of"]

PART: Final = {"complex64": "float32", "complex128": "float64"}  # the dtype of each part
_WHOLE: Final = {part: whole for whole, part in PART.items()}
_LN2: Final = math.log(2.0)


def pair(x: Scalar, y: Scalar) -> Scalar:
    """The number x + iy."""
    return make("pair", _WHOLE[x.dtype], (x, y))


def parts_of(z: Scalar) -> tuple[Scalar, Scalar]:
    """The real and the imaginary part; of a real number, itself and 0."""
    if z.op == "pair":
        return z.args[0], z.args[1]
    if z.dtype in PART:  # of a leaf: named until it is known where its parts are
        return make("real", PART[z.dtype], (z,)), make("imag", PART[z.dtype], (z,))
    return z, const(0, z.dtype)


class ComplexBuilder(Builder):
    """One method for each operation; operands are complex or real, of one precision."""

    def const(self, value: bool | int | float, dtype: str) -> Scalar:
        """A literal."""
        return pair(const(value, PART[dtype]), const(0, PART[dtype])) if dtype in PART else const(value, dtype)

    def literal(self, value: bool | int | float | complex, dtype: str) -> Scalar:
        """A literal of any number."""
        if isinstance(value, complex):
            return pair(const(value.real, PART[dtype]), const(value.imag, PART[dtype]))
        return self.const(value, dtype)

    def number(self, value: float, like: Scalar) -> Scalar:
        """A literal of the dtype of ``like``."""
        return self.const(value, like.dtype)

    def zero(self, like: Scalar) -> Scalar:
        """0."""
        return self.const(0, like.dtype)

    def one(self, like: Scalar) -> Scalar:
        """1."""
        return self.const(1, like.dtype)

    def cast(self, x: Scalar, dtype: str) -> Scalar:
        """Convert; a complex number to bool says whether it is not 0."""
        if x.dtype == dtype:
            return x
        if dtype in PART:
            re, im = parts_of(x)
            return pair(super().cast(re, PART[dtype]), super().cast(im, PART[dtype]))
        if x.dtype not in PART:
            return super().cast(x, dtype)
        if dtype != BOOL:
            raise Unsupported(f"a complex number as {dtype}")
        re, im = parts_of(x)
        return make("or", BOOL, (super().cast(re, BOOL), super().cast(im, BOOL)))

    # Parts

    def real(self, x: Scalar) -> Scalar:
        """The real part."""
        return parts_of(x)[0]

    def imag(self, x: Scalar) -> Scalar:
        """The imaginary part."""
        return parts_of(x)[1]

    def pair(self, x: Scalar, y: Scalar) -> Scalar:
        """x + iy of real numbers."""
        kind = "float32" if x.dtype == y.dtype == "float32" else "float64"
        return pair(self.cast(x, kind), self.cast(y, kind))

    def conj(self, x: Scalar) -> Scalar:
        """The conjugate."""
        re, im = parts_of(x)
        return pair(re, self.neg(im)) if x.dtype in PART else x

    def abs(self, x: Scalar) -> Scalar:
        """The magnitude."""
        return self._size(*parts_of(x)) if x.dtype in PART else super().abs(x)

    # Arithmetic

    def add(self, x: Scalar, y: Scalar) -> Scalar:
        """x + y."""
        return self._both(super().add, x, y)

    def sub(self, x: Scalar, y: Scalar) -> Scalar:
        """x - y."""
        return self._both(super().sub, x, y)

    def neg(self, x: Scalar) -> Scalar:
        """-x."""
        return self._both(super().neg, x)

    def mul(self, x: Scalar, y: Scalar) -> Scalar:
        """x * y."""
        times = super().mul
        (a, b), (c, d) = parts_of(x), parts_of(y)
        if x.dtype not in PART:
            return pair(times(a, c), times(a, d)) if y.dtype in PART else times(a, c)
        if y.dtype not in PART:
            return pair(times(a, c), times(b, c))
        return pair(super().sub(times(a, c), times(b, d)), super().add(times(a, d), times(b, c)))

    def div(self, x: Scalar, y: Scalar) -> Scalar:
        """x / y."""
        over, times = super().div, super().mul
        (a, b), (c, d) = parts_of(x), parts_of(y)
        if y.dtype not in PART:
            return pair(over(a, c), over(b, c)) if x.dtype in PART else over(a, c)
        first = self.ge(self.abs(c), self.abs(d))
        large, small = self.select(first, c, d), self.select(first, d, c)
        ratio = over(small, large)
        scale = over(self.one(a), super().add(large, times(small, ratio)))
        p, q = times(a, ratio), times(b, ratio)
        plus, minus = super().add, super().sub
        re = times(self.select(first, plus(a, q), plus(p, b)), scale)
        im = times(self.select(first, minus(b, p), minus(q, a)), scale)
        none = self.eq(large, self.zero(large))
        size = self.abs(large)
        return pair(self.select(none, over(a, size), re), self.select(none, over(b, size), im))

    def _both(self, function: Callable[..., Scalar], *xs: Scalar) -> Scalar:
        """A real function of the real parts, and of the imaginary parts."""
        if not any(x.dtype in PART for x in xs):
            return function(*xs)
        re, im = zip(*map(parts_of, xs))
        return pair(function(*re), function(*im))

    # Questions

    def select(self, c: Scalar, x: Scalar, y: Scalar) -> Scalar:
        """x where c, else y."""
        return self._both(lambda a, b: make("select", a.dtype, (c, a, b)), x, y)

    def isnan(self, x: Scalar) -> Scalar:
        """Whether a part is NaN."""
        return self._either(super().isnan, x)

    def isinf(self, x: Scalar) -> Scalar:
        """Whether a part is infinite."""
        return self._either(super().isinf, x)

    def _either(self, question: Callable[[Scalar], Scalar], x: Scalar) -> Scalar:
        return make("or", BOOL, tuple(map(question, parts_of(x)))) if x.dtype in PART else question(x)

    def _compared(self, op: str, x: Scalar, y: Scalar) -> Scalar:
        if x.dtype not in PART and y.dtype not in PART:
            return super()._compared(op, x, y)
        if op not in ("eq", "ne"):
            raise Unsupported("an order of complex numbers")
        parts = tuple(make(op, BOOL, both) for both in zip(parts_of(x), parts_of(y)))
        return make("and" if op == "eq" else "or", BOOL, parts)

    # Functions

    def sqrt(self, x: Scalar) -> Scalar:
        """The square root with a real part that is not negative."""
        if x.dtype not in PART:
            return super().sqrt(x)
        a, b = parts_of(x)
        # Scaled by a power of 4, that neither the magnitude nor its square underflows or overflows.
        low, high = (2.0**-100, 2.0**100) if a.dtype == "float32" else (2.0**-900, 2.0**900)
        size = self.max(self.abs(a), self.abs(b))
        step = 2.0**30 if a.dtype == "float32" else 2.0**120

        def chosen(below: float, above: float) -> Scalar:
            inner = self.select(self.gt(size, self.number(high, a)), self.number(above, a), self.number(1, a))
            return self.select(self.lt(size, self.number(low, a)), self.number(below, a), inner)

        scale, back = chosen(step * step, 1 / (step * step)), chosen(1 / step, step)
        u, v = self.mul(a, scale), self.mul(b, scale)
        root = super().sqrt(self.mul(self.number(0.5, a), self.add(self.abs(u), self._size(u, v))))
        other = self.div(self.abs(v), self.mul(self.number(2, a), root))
        none = self.eq(root, self.zero(root))
        other = self.select(none, self.zero(root), other)
        right = self.ge(a, self.zero(a))
        re, im = self.select(right, root, other), self.select(right, other, root)
        im = self.mul(self._with_sign(im, b), back)
        endless = self.isinf(b)
        infinity = self.number(math.inf, a)
        return pair(
            self.select(endless, infinity, self.mul(re, back)),
            self.select(endless, self._with_sign(infinity, b), self.select(none, b, im)),
        )

    def sign(self, x: Scalar) -> Scalar:
        """Of real numbers only."""
        if x.dtype in PART:
            raise Unsupported("the sign of a complex number")
        return super().sign(x)

    def math(self, name: str, *xs: Scalar) -> Scalar:
        """A function of complex numbers."""
        if not any(x.dtype in PART for x in xs):
            return super().math(name, *xs)
        if name == "pow":
            return self._pow(*xs)
        found = getattr(self, f"_{name}", None)
        if found is None or len(xs) != 1:
            raise Unsupported(f"{name} of complex numbers")
        return found(*parts_of(xs[0]))  # type: ignore[no-any-return]

    def _real(self, name: str, *xs: Scalar) -> Scalar:
        return super().math(name, *xs)

    def angle(self, x: Scalar) -> Scalar:
        """The angle in radians."""
        return self._real("arctan2", *reversed(parts_of(x)))

    def _with_sign(self, x: Scalar, y: Scalar) -> Scalar:
        """x >= 0 with the sign of y, which may be a signed 0."""
        zero = self.zero(y)
        below = self.lt(self.select(self.eq(y, zero), super().div(self.one(y), y), y), zero)
        return self.select(below, super().neg(x), x)

    def _size(self, a: Scalar, b: Scalar) -> Scalar:
        """The root of a^2 + b^2, without overflow on the way."""
        endless = make("or", BOOL, (super().isinf(a), super().isinf(b)))
        if a.dtype == "float32":
            u, v = super().cast(a, "float64"), super().cast(b, "float64")
            plain = super().cast(super().sqrt(super().add(super().mul(u, u), super().mul(v, v))), "float32")
        else:
            most = self.max(super().abs(a), super().abs(b))
            up, down = self.number(2.0**600, a), self.number(2.0**-600, a)
            large, small = self.gt(most, self.number(2.0**500, a)), self.lt(most, self.number(2.0**-500, a))

            def chosen(above: Scalar, below: Scalar) -> Scalar:
                return self.select(large, above, self.select(small, below, self.one(a)))

            u, v = (super(ComplexBuilder, self).mul(x, chosen(down, up)) for x in (a, b))
            root = super().sqrt(super().add(super().mul(u, u), super().mul(v, v)))
            plain = super().mul(root, chosen(up, down))
        return self.select(endless, self.number(math.inf, a), plain)

    def _exp(self, a: Scalar, b: Scalar) -> Scalar:
        size = self._real("exp", a)
        return self._turned(size, b)

    def _turned(self, size: Scalar, angle: Scalar) -> Scalar:
        """The number of a magnitude and an angle; 0 of magnitude 0, real at angle 0, whatever the other is."""
        none, level = self.eq(size, self.zero(size)), self.eq(angle, self.zero(angle))
        re, im = (self.mul(size, self._real(name, angle)) for name in ("cos", "sin"))
        return pair(self.select(none, size, re), self.select(none, size, self.select(level, angle, im)))

    def _exp2(self, a: Scalar, b: Scalar) -> Scalar:
        return self._turned(self._real("exp2", a), self.mul(b, self.number(_LN2, b)))

    def _expm1(self, a: Scalar, b: Scalar) -> Scalar:
        half = self._real("sin", self.mul(b, self.number(0.5, b)))
        grown = self._real("expm1", a)
        re = self.sub(self.mul(grown, self._real("cos", b)), self.mul(self.number(2, b), self.mul(half, half)))
        return pair(re, self.mul(self.add(grown, self.one(a)), self._real("sin", b)))

    def _log(self, a: Scalar, b: Scalar) -> Scalar:
        return pair(self._log_size(a, b), self._real("arctan2", b, a))

    def _log_size(self, a: Scalar, b: Scalar) -> Scalar:
        """The logarithm of the magnitude."""
        size = self._size(a, b)
        p, q = super().abs(a), super().abs(b)
        m, n, one = self.max(p, q), self.min(p, q), self.one(a)
        product = self.add(self.mul(self.sub(m, one), self.add(m, one)), self.mul(n, n))
        close = self.mul(self.number(0.5, a), self._real("log1p", product))
        near = make("and", BOOL, (self.gt(size, self.number(0.5, a)), self.lt(size, self.number(2, a))))
        return self.select(near, close, self._real("log", size))

    def _scaled(self, z: Scalar, factor: float) -> Scalar:
        return pair(*(self.mul(x, self.number(factor, x)) for x in parts_of(z)))

    def _log2(self, a: Scalar, b: Scalar) -> Scalar:
        return self._scaled(self._log(a, b), 1 / _LN2)

    def _log10(self, a: Scalar, b: Scalar) -> Scalar:
        return self._scaled(self._log(a, b), 1 / math.log(10))

    def _log1p(self, a: Scalar, b: Scalar) -> Scalar:
        whole = self.add(a, self.one(a))
        inner = self.add(self.mul(a, self.add(a, self.number(2, a))), self.mul(b, b))
        close = self.mul(self.number(0.5, a), self._real("log1p", inner))
        near = self.lt(self.max(self.abs(a), self.abs(b)), self.number(0.5, a))
        return pair(self.select(near, close, self._log_size(whole, b)), self._real("arctan2", b, whole))

    def _wave(self, x: Scalar, y: Scalar) -> Scalar:
        """x y; 0 where one factor is 0, whatever the other is."""
        zero = self.zero(x)
        none = make("or", BOOL, (self.eq(x, zero), self.eq(y, zero)))
        found = self.mul(x, y)
        return self.select(none, self.select(self.isnan(found), zero, found), found)

    def _sin(self, a: Scalar, b: Scalar) -> Scalar:
        re = self._wave(self._real("sin", a), self._real("cosh", b))
        return pair(re, self._wave(self._real("cos", a), self._real("sinh", b)))

    def _cos(self, a: Scalar, b: Scalar) -> Scalar:
        re = self._wave(self._real("cos", a), self._real("cosh", b))
        return pair(re, self.neg(self._wave(self._real("sin", a), self._real("sinh", b))))

    def _sinh(self, a: Scalar, b: Scalar) -> Scalar:
        re = self._wave(self._real("sinh", a), self._real("cos", b))
        return pair(re, self._wave(self._real("cosh", a), self._real("sin", b)))

    def _cosh(self, a: Scalar, b: Scalar) -> Scalar:
        re = self._wave(self._real("cosh", a), self._real("cos", b))
        return pair(re, self._wave(self._real("sinh", a), self._real("sin", b)))

    def _tanh(self, a: Scalar, b: Scalar) -> Scalar:
        one, t, s = self.one(a), self._real("tan", b), self._real("sinh", a)
        beta, square = self.add(one, self.mul(t, t)), self.mul(s, s)
        below = self.add(one, self.mul(beta, square))
        re = self.div(self.mul(self.mul(beta, super().sqrt(self.add(one, square))), s), below)
        # Far out the tangent is 1 but for the last digits.
        far = self.gt(self.abs(a), self.number(20, a))
        fade = self._real("exp", self.mul(self.number(-2, a), self.abs(a)))
        wave = self.mul(self.number(4, a), self.mul(self._real("sin", b), self._real("cos", b)))
        return pair(
            self.select(far, self._with_sign(one, a), re), self.select(far, self.mul(wave, fade), self.div(t, below))
        )

    def _tan(self, a: Scalar, b: Scalar) -> Scalar:
        return self._unturned(self._tanh(self.neg(b), a))

    @staticmethod
    def _turned_quarter(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
        """The parts of i(a + ib)."""
        return make("neg", b.dtype, (b,)), a

    def _unturned(self, z: Scalar) -> Scalar:
        """-iz."""
        return pair(z.args[1], self.neg(z.args[0]))

    def _arcsin(self, a: Scalar, b: Scalar) -> Scalar:
        below, above = self._roots(a, b)
        (p, q), (r, s) = below.args, above.args
        endless = self.isinf(pair(a, b))
        base = self.select(endless, self.abs(b), self.sub(self.mul(p, r), self.mul(q, s)))
        re = self._real("arctan2", a, base)
        return pair(re, self._real("arcsinh", self.sub(self.mul(p, s), self.mul(q, r))))

    def _roots(self, a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
        """The roots of 1 - z and 1 + z."""
        one = self.one(a)
        return self.sqrt(pair(self.sub(one, a), self.neg(b))), self.sqrt(pair(self.add(one, a), b))

    def _arccos(self, a: Scalar, b: Scalar) -> Scalar:
        below, above = self._roots(a, b)
        (p, q), (r, s) = below.args, above.args
        re = self.mul(self.number(2, a), self._real("arctan2", p, r))
        return pair(re, self._real("arcsinh", self.sub(self.mul(r, q), self.mul(s, p))))

    def _arccosh(self, a: Scalar, b: Scalar) -> Scalar:
        one = self.one(a)
        (p, q), (r, s) = (self.sqrt(pair(move(a, one), b)).args for move in (super().sub, super().add))
        re = self._real("arcsinh", self.add(self.mul(p, r), self.mul(q, s)))
        return pair(re, self.mul(self.number(2, a), self._real("arctan2", q, r)))

    def _arcsinh(self, a: Scalar, b: Scalar) -> Scalar:
        return self._unturned(self._arcsin(*self._turned_quarter(a, b)))

    def _arctanh(self, a: Scalar, b: Scalar) -> Scalar:
        one, along = self.one(a), self.abs(a)
        rest, square = self.sub(one, along), self.mul(b, b)
        fraction = self.div(self.mul(self.number(4, a), along), self.add(self.mul(rest, rest), square))
        re = self.mul(self.number(0.25, a), self._real("log1p", fraction))
        # At 1 the square of b may vanish where b does not.
        tiny = self.lt(self.abs(b), self.number(1e-15 if a.dtype == "float32" else 1e-100, a))
        at_one = make("and", BOOL, (self.eq(along, one), tiny))
        steep = self.sub(self.number(math.log(2), a), self._real("log", self.abs(b)))
        re = self.select(at_one, self.mul(self.number(0.5, a), steep), re)
        across = self.sub(self.mul(self.sub(one, a), self.add(one, a)), square)
        im = self.mul(self.number(0.5, a), self._real("arctan2", self.mul(self.number(2, b), b), across))
        # Far out it is 1 / z, turned by a quarter.
        limit = self.number(1e9 if a.dtype == "float32" else 1e100, a)
        far = self.gt(self.max(along, self.abs(b)), limit)
        inverse = self.select(self.isinf(pair(a, b)), self.zero(a), parts_of(self.div(one, pair(along, b)))[0])
        im = self.select(far, self._with_sign(self.number(math.pi / 2, a), b), im)
        return pair(self._with_sign(self.select(far, inverse, re), a), im)

    def _arctan(self, a: Scalar, b: Scalar) -> Scalar:
        return self._unturned(self._arctanh(*self._turned_quarter(a, b)))

    def _sigmoid(self, a: Scalar, b: Scalar) -> Scalar:
        one = self.one(pair(a, b))
        return self.div(one, self.add(one, self._exp(self.neg(a), self.neg(b))))

    def _pow(self, x: Scalar, y: Scalar) -> Scalar:
        """x to the power y: exp(y log x); 1 where y is 0; 0 of 0, or NaN where y's real part is not above 0."""
        (a, b), (c, d) = parts_of(x), parts_of(y)
        power = self._exp(*parts_of(self.mul(y, self._log(a, b))))
        zero, nan = self.zero(a), self.number(math.nan, a)
        of_zero = make("and", BOOL, (self.eq(a, zero), self.eq(b, zero)))
        defined = self.gt(c, zero)
        rest = self.select(defined, zero, nan)
        to_zero = make("and", BOOL, (self.eq(c, zero), self.eq(d, zero)))
        found = self.select(of_zero, pair(rest, rest), power)
        return self.select(to_zero, self.one(found), found)
