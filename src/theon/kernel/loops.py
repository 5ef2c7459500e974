"""Kernels: loop nests over scalar expressions.

A kernel runs over numbered axes 0..naxes-1 whose extents are given at run time. The ``outer`` axes form one
common loop nest; inside it the ``passes`` run one after another, each over its own inner axes::

    for outer axes:
        pass 0: for its axes: stores, reductions
        pass 1: ...

A pass with ``axes=()`` runs once per outer position (row level). A value reduced by an earlier pass is read with
the ``result`` leaf. Each operand is a strided array with one run-time byte stride per kernel axis that it varies
along (``axes``); along all others it is constant. So transposes, slices, reversals and broadcasts are only
strides, and a kernel never sees a shape other than its extents.

Example, row softmax: outer=(0,), passes over axis 1: [max], [sum of exp(x - r0), store into scratch], [store scratch / r1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from theon.kernel.scalar import Scalar

__all__ = ["Kernel", "Operand", "Pass", "Reduction", "Store", "neutral"]


@dataclass(frozen=True, slots=True)
class Operand:
    """An array the kernel reads or writes.

    ``kind``: ``"read"``; ``"write"``; ``"update"`` (read and written: what is there is combined with);
    ``"drawn"`` (read; what is there is drawn from a stream a piece at a time, while the kernel runs);
    ``"scratch"`` (no pointer is passed: the kernel's own buffer of ``size`` elements along its one axis; these come last).
    A written operand never overlaps a read one, unless it is the same region element by element.
    """

    dtype: str
    axes: tuple[int, ...] = ()
    kind: str = "read"
    size: int = 0


@dataclass(frozen=True, slots=True)
class Reduction:
    """Reduce ``value`` over all axes of the pass with ``op`` in add, mul, max, min, and, or.

    The result is number ``result``, of dtype ``dtype`` (the accumulator; ``value`` already has it). NaN wins.
    """

    op: str
    value: Scalar
    result: int
    dtype: str


@dataclass(frozen=True, slots=True)
class Store:
    """Write ``value`` to ``operand`` at the loop position; ``accumulate`` (add, mul, max, min, and, or) combines."""

    operand: int
    value: Scalar
    accumulate: str | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """One sweep over ``axes`` inside the outer loops; loads see memory as earlier passes left it.

    ``fixed`` gives the position along axes that are not swept, as int64 expressions at row level (an index loaded from
    an operand that varies along outer axes only): rows of a table are read, or written with ``accumulate``, this way.
    The program has checked before that every position is inside the axis.
    """

    axes: tuple[int, ...]
    reductions: tuple[Reduction, ...] = ()
    stores: tuple[Store, ...] = ()
    fixed: tuple[tuple[int, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Kernel:
    """A whole loop nest. Two kernels that print alike are equal and are compiled once."""

    naxes: int
    outer: tuple[int, ...]
    operands: tuple[Operand, ...]
    passes: tuple[Pass, ...]


def neutral(op: str, dtype: str) -> bool | int | float:
    """Return the value with which a reduction begins: it changes no result of ``op``."""
    if dtype == "bool":
        return op in ("mul", "and", "min")
    if op in ("add", "or"):
        return 0
    if op == "mul":
        return 1
    if op == "and":
        return -1
    if dtype.startswith("float"):
        return -math.inf if op == "max" else math.inf
    bits = int(dtype.lstrip("uint"))
    if dtype.startswith("u"):
        return 0 if op == "max" else (1 << bits) - 1
    return -(1 << (bits - 1)) if op == "max" else (1 << (bits - 1)) - 1
