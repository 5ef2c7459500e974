"""Arithmetic of sizes as expressions, computed at once where they are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, k, plus, times
from theon.schedule.lower import Lowering, Unsupported

__all__ = ["elements", "known_axis", "least", "minus", "modulo", "most", "only_sized", "over"]

_LOOKED_AT = 16  # readers that are followed, of what only has sizes perhaps


def minus(x: Scalar, y: Scalar) -> Scalar:
    """x - y."""
    return const(x.attr - y.attr) if x.op == y.op == "const" else plus(x, times(const(-1), y))


def over(x: Scalar, y: Scalar) -> Scalar:
    """The quotient, rounded down."""
    if x.op == y.op == "const" and y.attr:
        return const(x.attr // y.attr)
    return x if y.op == "const" and y.attr == 1 else make("floordiv", INDEX, (x, y))


def modulo(x: Scalar, y: Scalar | int) -> Scalar:
    """The rest, not negative; ``y`` is positive."""
    y = const(y) if isinstance(y, int) else y
    if y.op == "const" and (x.op == "const" or y.attr == 1):
        return const(x.attr % y.attr if x.op == "const" else 0)
    return make("mod", INDEX, (x, y))


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


def elements(low: Lowering, sizes: Variable, count: int, exact: bool = False) -> tuple[Scalar, ...]:
    """The last ``count`` elements of a vector of integers; where ``exact``, it has no others."""
    known = low.as_vector(sizes)
    if known is not None:
        if len(known) < count or (exact and len(known) > count):
            raise Unsupported("too few sizes, or too many")
        return tuple(k.cast(s, INDEX) for s in known[len(known) - count :])
    if not sizes.type.dtype.startswith(("int", "uint")):  # type: ignore[attr-defined]
        raise Unsupported("sizes that are no integers")
    number = low.as_tensor(sizes)
    (n,), (step,) = low.sizes_of(number), low.strides_of(number)
    low.check(make("eq" if exact else "ge", BOOL, (n, const(count))))
    found = []
    for back in range(count, 0, -1):
        place = plus(low.offset_of(number), times(minus(n, const(back)), step))
        value = make("elem", low.tensors[number].dtype, (), low.view(number, (), (), place))
        cell = low.fresh(None, INDEX, ())
        low.host(k.cast(value, INDEX), cell)
        found.append(make("elem", INDEX, (), cell))
    return tuple(found)


def known_axis(
    low: Lowering, axis: Variable, ndim: int
) -> tuple[Callable[[Sequence[Scalar]], Scalar], tuple[Scalar, ...]]:
    """A function that picks, of values for each dimension, that of the one which a number names, and where that is the case."""
    value = k.cast(low.as_scalar(axis), INDEX)
    low.check(make("ge", BOOL, (value, const(-ndim))))
    low.check(make("lt", BOOL, (value, const(ndim))))
    value = make("select", INDEX, (make("lt", BOOL, (value, const(0))), plus(value, const(ndim)), value))
    here = tuple(make("eq", BOOL, (value, const(d))) for d in range(ndim))

    def along(values: Sequence[Scalar]) -> Scalar:
        found = values[0]
        for d in range(1, ndim):
            found = make("select", INDEX, (here[d], values[d], found))
        return found

    return along, here


def only_sized(low: Lowering, out: Variable, sizes: Sequence[Scalar]) -> bool:
    """Where nothing but the sizes of a product is ever read, as in the gradient of its sum, give it no values but zeros."""
    waiting, seen = [out], {out}
    while waiting:
        v = waiting.pop()
        if v in low.wanted or v in low.places or len(seen) > _LOOKED_AT:
            return False
        for node, place in low.clients(v):
            kind = type(node.op).__name__ if isinstance(node, Apply) else ""
            if kind in ("Shape", "Shape_i") or (kind == "SumLike" and place == 1):
                continue
            if kind != "Elemwise":
                return False
            if place or node.op.scalar_op.name != "second":
                waiting += [o for o in node.outputs if o not in seen]
                seen.update(node.outputs)
    dtype = out.type.dtype  # type: ignore[attr-defined]
    low.pending[out] = Expression(k.literal(0, dtype), [], tuple(sizes))
    return True
