"""Arithmetic of sizes as expressions, computed at once where they are known."""

from __future__ import annotations

from theon.kernel.scalar import INDEX, Scalar, const, make
from theon.schedule.lower import plus, times

__all__ = ["least", "minus", "modulo", "most", "over"]


def minus(x: Scalar, y: Scalar) -> Scalar:
    """x - y."""
    return const(x.attr - y.attr) if x.op == y.op == "const" else plus(x, times(const(-1), y))


def over(x: Scalar, y: Scalar) -> Scalar:
    """The quotient, rounded down."""
    if x.op == y.op == "const" and y.attr:
        return const(x.attr // y.attr)
    return x if y.op == "const" and y.attr == 1 else make("floordiv", INDEX, (x, y))


def modulo(x: Scalar, y: int) -> Scalar:
    """The rest, not negative."""
    return const(x.attr % y) if x.op == "const" else const(0) if y == 1 else make("mod", INDEX, (x, const(y)))


def _pick(op: str, x: Scalar, y: Scalar) -> Scalar:
    if x.op == y.op == "const":
        return const((max if op == "max" else min)(x.attr, y.attr))
    return make(op, INDEX, (x, y))


def most(x: Scalar, y: Scalar) -> Scalar:
    """The larger."""
    return _pick("max", x, y)


def least(x: Scalar, y: Scalar) -> Scalar:
    """The smaller."""
    return _pick("min", x, y)
