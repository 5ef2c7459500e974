"""Carried values that only move on, each step's newest becoming the next step's second newest: a ring of rows, none copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from theon.graph.variable import Variable
from theon.kernel.scalar import Scalar, const
from theon.schedule.expression import plus, times
from theon.schedule.lower import Lowering
from theon.schedule.sizes import modulo

__all__ = ["Ring", "chains", "ring"]


@dataclass(frozen=True)
class Ring:
    """``chain``: places among the carried values, from the newest to the oldest; ``rows``: the tensor that holds them.

    There is a row more than values, so that the newest value is computed while all the old ones are there.
    """

    chain: tuple[int, ...]
    rows: int

    def at(self, place: int, now: Scalar) -> Scalar:
        """The row of a carried value when ``now`` steps have run."""
        return self._row(len(self.chain) - 1 - self.chain.index(place), now)

    def next(self, now: Scalar) -> Scalar:
        """The row for the value that the step after ``now`` steps computes."""
        return self._row(len(self.chain), now)

    def _row(self, ahead: int, now: Scalar) -> Scalar:
        return modulo(plus(now, const(ahead)), len(self.chain) + 1)


def chains(old: Sequence[Variable], new: Sequence[Variable]) -> list[tuple[int, ...]]:
    """The carried arrays that move on, from the newest to the oldest; ``new``: what each becomes."""
    places = {v: i for i, v in enumerate(old)}
    follower: dict[int, int] = {}
    for j, v in enumerate(new):
        i = places.get(v)
        if i is not None and i != j and _alike(old[i].type, old[j].type):
            follower.setdefault(i, j)
    found = []
    for i in follower.keys() - set(follower.values()):
        chain = [i]
        while chain[-1] in follower:
            chain.append(follower[chain[-1]])
        found.append(tuple(chain))
    return sorted(found)


def _alike(a: Any, b: Any) -> bool:
    return bool(a.ndim) and a.dtype == b.dtype and a.broadcastable == b.broadcastable


def ring(low: Lowering, chain: tuple[int, ...], starts: Sequence[Variable]) -> Ring:
    """Memory for a chain, with what the values are before the first step."""
    first = low.as_expression(starts[chain[0]])
    dtype = starts[chain[0]].type.dtype  # type: ignore[attr-defined]
    made = Ring(chain, low.fresh(None, dtype, (const(len(chain) + 1), *first.sizes)))
    strides = low.strides_of(made.rows)
    for place in chain:
        found = first if place == chain[0] else low.as_expression(starts[place])
        low.all_same(found.sizes, first.sizes)
        row = low.view(
            made.rows,
            first.sizes,
            strides[1:],
            plus(low.offset_of(made.rows), times(made.at(place, const(0)), strides[0])),
        )
        low.fill(row, found)
    return made
