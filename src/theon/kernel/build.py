"""The builder ``k`` with which ops write scalar expressions; operands already have one dtype."""

from __future__ import annotations

import math
import struct

from theon.kernel.scalar import BOOL, Scalar, const, make

__all__ = ["Builder", "Unsupported"]


class Unsupported(Exception):
    """There is no native form of what was asked for."""


_FORMAT = {"float16": "<e", "float32": "<f"}
_KNOWN = frozenset(
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh pow "
    "sigmoid softplus erf erfc erfinv erfcinv erfcx gamma gammaln psi zeta gammainc gammaincc gammal gammau gammainc_by_a "
    "j0 j1 jv i0 i1 iv".split()
)


def _rounded(value: bool | int | float, dtype: str) -> bool | int | float:
    """A number as one of a dtype holds it."""
    if dtype not in _FORMAT:
        return value
    try:
        return float(struct.unpack(_FORMAT[dtype], struct.pack(_FORMAT[dtype], float(value)))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


class Builder:
    """One method for each scalar operation; see :mod:`theon.kernel.scalar` for their meaning."""

    def const(self, value: bool | int | float, dtype: str) -> Scalar:
        """A literal."""
        return const(value, dtype)

    def number(self, value: float, like: Scalar) -> Scalar:
        """A literal of the dtype of ``like``."""
        return const(value, like.dtype)

    def zero(self, like: Scalar) -> Scalar:
        """0 of the dtype of ``like``."""
        return const(0, like.dtype)

    def one(self, like: Scalar) -> Scalar:
        """1 of the dtype of ``like``."""
        return const(1, like.dtype)

    def cast(self, x: Scalar, dtype: str) -> Scalar:
        """Convert."""
        if x.dtype == dtype:
            return x
        if x.op == "const" and dtype != BOOL and not (x.dtype.startswith("float") and "int" in dtype):
            return const(_rounded(x.attr, dtype), dtype)
        return make("cast", dtype, (x,))

    def _same(self, op: str, *xs: Scalar) -> Scalar:
        # Halves are computed as float32 and rounded.
        xs, dtype = self._wide(xs), xs[0].dtype
        return self.cast(make(op, xs[0].dtype, xs), dtype)

    def _wide(self, xs: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
        return tuple(self.cast(x, "float32") if x.dtype == "float16" else x for x in xs)

    def add(self, x: Scalar, y: Scalar) -> Scalar:
        """x + y."""
        return self._same("or" if x.dtype == BOOL else "add", x, y)

    def sub(self, x: Scalar, y: Scalar) -> Scalar:
        """x - y."""
        return self._same("sub", x, y)

    def mul(self, x: Scalar, y: Scalar) -> Scalar:
        """x * y."""
        return self._same("and" if x.dtype == BOOL else "mul", x, y)

    def div(self, x: Scalar, y: Scalar) -> Scalar:
        """x / y."""
        return self._same("div", x, y)

    def floordiv(self, x: Scalar, y: Scalar) -> Scalar:
        """x // y."""
        if x.dtype == BOOL:
            raise Unsupported("floor division of bools")
        return self._same("floordiv", x, y)

    def mod(self, x: Scalar, y: Scalar) -> Scalar:
        """x % y."""
        if x.dtype == BOOL:
            raise Unsupported("remainder of bools")
        return self._same("mod", x, y)

    def neg(self, x: Scalar) -> Scalar:
        """-x."""
        return self._same("neg", x)

    def abs(self, x: Scalar) -> Scalar:
        """|x|."""
        return x if x.dtype == BOOL or x.dtype.startswith("uint") else self._same("abs", x)

    def sign(self, x: Scalar) -> Scalar:
        """-1, 0, 1; NaN of NaN."""
        zero = self.zero(x)
        up = self.select(self.gt(x, zero), self.one(x), zero)
        if x.dtype.startswith("uint"):
            return up
        signed = self.select(self.lt(x, zero), const(-1, x.dtype), up)
        return self.select(self.isnan(x), x, signed) if x.dtype.startswith("float") else signed

    def max(self, x: Scalar, y: Scalar) -> Scalar:
        """The larger; NaN wins."""
        return self._same("or" if x.dtype == BOOL else "max", x, y)

    def min(self, x: Scalar, y: Scalar) -> Scalar:
        """The smaller; NaN wins."""
        return self._same("and" if x.dtype == BOOL else "min", x, y)

    def _compared(self, op: str, x: Scalar, y: Scalar) -> Scalar:
        return make(op, BOOL, self._wide((x, y)))

    def lt(self, x: Scalar, y: Scalar) -> Scalar:
        """x < y."""
        return self._compared("lt", x, y)

    def le(self, x: Scalar, y: Scalar) -> Scalar:
        """x <= y."""
        return self._compared("le", x, y)

    def gt(self, x: Scalar, y: Scalar) -> Scalar:
        """x > y."""
        return self._compared("gt", x, y)

    def ge(self, x: Scalar, y: Scalar) -> Scalar:
        """x >= y."""
        return self._compared("ge", x, y)

    def eq(self, x: Scalar, y: Scalar) -> Scalar:
        """x == y."""
        return self._compared("eq", x, y)

    def ne(self, x: Scalar, y: Scalar) -> Scalar:
        """x != y."""
        return self._compared("ne", x, y)

    def and_(self, x: Scalar, y: Scalar) -> Scalar:
        """Bitwise and."""
        return self._same("and", x, y)

    def or_(self, x: Scalar, y: Scalar) -> Scalar:
        """Bitwise or."""
        return self._same("or", x, y)

    def xor(self, x: Scalar, y: Scalar) -> Scalar:
        """Bitwise exclusive or."""
        return self._same("xor", x, y)

    def not_(self, x: Scalar) -> Scalar:
        """Bitwise complement; logical on bools."""
        return self._same("not", x)

    def select(self, c: Scalar, x: Scalar, y: Scalar) -> Scalar:
        """x where c, else y."""
        return make("select", x.dtype, (c, x, y))

    def isnan(self, x: Scalar) -> Scalar:
        """Whether x is NaN."""
        return make("isnan", BOOL, self._wide((x,))) if x.dtype.startswith("float") else const(False, BOOL)

    def isinf(self, x: Scalar) -> Scalar:
        """Whether x is infinite."""
        return make("isinf", BOOL, self._wide((x,))) if x.dtype.startswith("float") else const(False, BOOL)

    def real(self, x: Scalar) -> Scalar:
        """The real part."""
        return x

    def imag(self, x: Scalar) -> Scalar:
        """The imaginary part."""
        return self.zero(x)

    def conj(self, x: Scalar) -> Scalar:
        """The conjugate."""
        return x

    def angle(self, x: Scalar) -> Scalar:
        """The angle in the complex plane."""
        return self.math("arctan2", self.zero(x), x)

    def pair(self, x: Scalar, y: Scalar) -> Scalar:
        """x + iy; :class:`theon.kernel.pairs.ComplexBuilder` knows it."""
        raise Unsupported("complex numbers")

    def floor(self, x: Scalar) -> Scalar:
        """Round down."""
        return self._same("floor", x)

    def ceil(self, x: Scalar) -> Scalar:
        """Round up."""
        return self._same("ceil", x)

    def trunc(self, x: Scalar) -> Scalar:
        """Round towards zero."""
        return self._same("trunc", x)

    def rint(self, x: Scalar) -> Scalar:
        """Round to nearest even."""
        return self._same("rint", x)

    def sqrt(self, x: Scalar) -> Scalar:
        """Square root."""
        return self._same("sqrt", x)

    def math(self, name: str, *xs: Scalar) -> Scalar:
        """A library function of floats."""
        if name not in _KNOWN or not xs[0].dtype.startswith("float"):
            raise Unsupported(f"{name} of {xs[0].dtype}")
        xs, dtype = self._wide(xs), xs[0].dtype
        return self.cast(make("math", xs[0].dtype, xs, name), dtype)
