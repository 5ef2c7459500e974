"""Gradients that matter only on one side of a choice: kept apart from those of the other side until the sides meet.

The gradient of the branch that a choice did not take is zero, whatever its formula comes to. Such a formula is carried with
its gates, the conditions under which it holds, so that it can be computed where they hold and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from theon.graph.disconnected import DisconnectedType
from theon.graph.type import NullType
from theon.graph.variable import Variable
from theon.ops.cast import cast
from theon.ops.declare import zeros_for
from theon.ops.dims import patternbroadcast
from theon.tensor.type import TensorType

__all__ = ["Gate", "Gates", "common", "lifted", "opened", "summed"]


@dataclass(frozen=True)
class Gate:
    """Where ``condition`` is true (``taken``) or false; ``choose(condition, these, those)`` is a choice between two lists."""

    condition: Variable
    taken: bool
    choose: Callable[[Any, list[Any], list[Any]], list[Any]] = field(compare=False)


Gates = tuple[Gate, ...]  # from the outermost choice to the innermost
Gated = tuple[Gates, Any]


def common(several: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """What all begin with, of the gates from the outermost on; nothing where there are none."""
    if not several:
        return ()
    first, *rest = several
    length = len(first)
    for other in rest:
        same = (i for i, (a, b) in enumerate(zip(first[:length], other)) if a != b)
        length = next(same, min(length, len(other)))
    return first[:length]


def _ends(g: Any) -> bool:
    return isinstance(g.type, DisconnectedType | NullType)


def _of_kind(g: Any, like: Any) -> Any:
    """A gradient with the broadcast pattern of what it belongs to."""
    if not isinstance(g.type, TensorType) or not isinstance(like.type, TensorType):
        return g
    flags = like.type.broadcastable
    return g if g.type.broadcastable == flags else patternbroadcast(g, flags)


def _through(gate: Gate, of: Sequence[Any], found: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Gradients of ``of`` where they hold on one side only, or are ``others`` (None: zero) on the other."""
    these, those = [], []
    for v, g, other in zip(of, found, others):
        g = _of_kind(g, v)
        if other is None:
            other = zeros_for(v) if isinstance(v.type, TensorType) else v.zeros_like()
        other = _of_kind(other, v)
        if isinstance(g.type, TensorType) and other.type.dtype != g.type.dtype:
            other = cast(other, g.type.dtype)
        these.append(g)
        those.append(other)
    sides = (these, those) if gate.taken else (those, these)
    return gate.choose(gate.condition, *sides)


def lifted(variable: Any, gates: Gates, g: Any, depth: int) -> Any:
    """A gradient of ``variable`` under its first ``depth`` gates alone: zero where the others do not hold."""
    if _ends(g):
        return g
    for gate in reversed(gates[depth:]):
        (g,) = _through(gate, [variable], [g], [None])
    return g


def opened(variables: Sequence[Any], gradients: Sequence[Gated]) -> list[Any]:
    """Gradients under no gates; those of one choice are chosen together."""
    left = list(gradients)
    while True:
        deepest = max((gates for gates, g in left if not _ends(g)), key=len, default=())
        if not deepest:
            return [g for _, g in left]
        places = [i for i, (gates, g) in enumerate(left) if gates == deepest and not _ends(g)]
        found = _through(
            deepest[-1], [variables[i] for i in places], [left[i][1] for i in places], [None] * len(places)
        )
        for i, g in zip(places, found):
            left[i] = (deepest[:-1], g)


def summed(variable: Any, terms: Sequence[Gated]) -> Gated:
    """The sum of gradients of ``variable``; what holds on the two sides of one choice becomes one choice."""
    null = next((g for _, g in terms if isinstance(g.type, NullType)), None)
    if null is not None:
        return (), null
    live = [term for term in terms if not isinstance(term[1].type, DisconnectedType)]
    if not live:
        return terms[0]
    sums: dict[Gates, Any] = {}
    for gates, g in live:
        sums[gates] = sums[gates] + g if gates in sums else g
    while len(sums) > 1:
        gates = max(sums, key=len)
        gate = gates[-1]
        other = (*gates[:-1], Gate(gate.condition, not gate.taken, gate.choose))
        (g,) = _through(gate, [variable], [sums.pop(gates)], [sums.pop(other, None)])
        outer = gates[:-1]
        sums[outer] = sums[outer] + g if outer in sums else g
    return next(iter(sums.items()))
