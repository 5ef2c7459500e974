"""Elementwise values in no memory yet, and arithmetic of the sizes they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from theon.kernel.pairs import PART, ComplexBuilder
from theon.kernel.scalar import INDEX, Scalar, const, leaves_of, make

__all__ = [
    "HELD", "NATIVE", "Expression", "axes_of", "item", "k", "loads_of", "on_axes", "plus", "product",
    "renumbered", "replaced", "times", "weight",
]  # fmt: skip

_ITEM = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "float16": 2,
    "complex128": 16,
}
NATIVE = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"}
# What expressions compute with besides: halves as float32, complex numbers as pairs of floats.
HELD = NATIVE | {"float16"} | set(PART)
# An expression read in several places is kept in memory if it holds one of these.
_COSTLY = {"math", "div", "sqrt", "floordiv", "mod"}
k = ComplexBuilder()


def item(dtype: str) -> int:
    """Return the number of bytes of an element."""
    return _ITEM.get(dtype, 8)


class Expression:
    """An elementwise value in no memory yet: ``value`` with ``load`` leaves numbered by ``operands``.

    ``operands`` are (tensor number, strides per dimension of the result, None where constant along it).
    """

    def __init__(
        self, value: Scalar, operands: list[tuple[int, tuple[Scalar | None, ...]]], sizes: tuple[Scalar, ...]
    ) -> None:
        self.value, self.operands, self.sizes = value, operands, sizes
        self.size, self.costly = weight(value)
        self.positional = bool(axes_of(value))  # whether the value depends on where in the result it is
        self.constant = all(s is None for _, strides in operands for s in strides)  # nothing but numbers is read

    def is_cheap(self, readers: int) -> bool:
        """Whether as many readers had better compute it again each, rather than read it from memory.

        Short sums and products are, unless more is read for them: of ``n`` arrays in each place, where one could be read
        if it were written once (which moves its bytes twice).
        """
        if readers <= 1:
            return True
        rank = max((sum(s is not None for s in strides) for _, strides in self.operands), default=0)
        whole = len({number for number, strides in self.operands if sum(s is not None for s in strides) == rank})
        return not self.costly and self.size < 12 and (rank == 0 or readers * whole <= whole + 2 + readers)


def weight(value: Scalar) -> tuple[int, bool]:
    """The number of different nodes, and whether one of them takes long."""
    seen: set[int] = set()
    stack = [value]
    costly = False
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        costly = costly or x.op in _COSTLY
        stack.extend(x.args)
    return len(seen), costly


def plus(x: Scalar, y: Scalar) -> Scalar:
    """x + y of sizes."""
    if x.op == "const" and y.op == "const":
        return const(x.attr + y.attr)
    if x.op == "const" and x.attr == 0:
        return y
    return x if y.op == "const" and y.attr == 0 else make("add", INDEX, (x, y))


def times(x: Scalar, y: Scalar) -> Scalar:
    """x * y of sizes."""
    if x.op == "const" and y.op == "const":
        return const(x.attr * y.attr)
    if x.op == "const" and x.attr == 1:
        return y
    return x if y.op == "const" and y.attr == 1 else make("mul", INDEX, (x, y))


def product(sizes: Sequence[Scalar]) -> Scalar:
    """The number of elements."""
    total = const(1)
    for n in sizes:
        total = times(total, n)
    return total


def axes_of(value: Scalar) -> frozenset[int]:
    """The dimensions whose positions ``value`` reads."""
    return leaves_of(value, "axis")


def loads_of(value: Scalar) -> frozenset[int]:
    """The operands that ``value`` reads."""
    return leaves_of(value, "load")


def on_axes(value: Scalar, axes: Sequence[int]) -> Scalar:
    """Return ``value`` with positions along dimension i read along ``axes[i]``."""
    return _renamed(value, "axis", axes)


def renumbered(value: Scalar, numbers: list[int]) -> Scalar:
    """Return ``value`` with load leaf i renumbered to ``numbers[i]``."""
    return _renamed(value, "load", numbers)


def _renamed(value: Scalar, leaf: str, numbers: Sequence[int]) -> Scalar:
    if all(numbers[number] == number for number in leaves_of(value, leaf)):
        return value
    return _rebuilt(value, lambda x: make(leaf, x.dtype, (), numbers[x.attr]) if x.op == leaf else None)


def replaced(value: Scalar, known: Mapping[Scalar, Scalar]) -> Scalar:
    """Return ``value`` with the parts that ``known`` names replaced."""
    return _rebuilt(value, known.get)


def _rebuilt(value: Scalar, change: Callable[[Scalar], Scalar | None]) -> Scalar:
    done: dict[int, Scalar] = {}
    stack = [value]
    while stack:
        x = stack[-1]
        if id(x) in done:
            stack.pop()
            continue
        new = change(x)
        if new is not None:
            done[id(x)] = new
            stack.pop()
            continue
        waiting = [a for a in x.args if id(a) not in done]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        done[id(x)] = make(x.op, x.dtype, tuple(done[id(a)] for a in x.args), x.attr) if x.args else x
    return done[id(value)]
