"""Memory that routines work in: one stretch of the arena, which all of them use in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from theon.kernel.scalar import Scalar, const
from theon.schedule.expression import item, plus, times
from theon.schedule.lower import Lowering
from theon.schedule.sizes import over

__all__ = ["NOTHING", "rounded", "workspace"]

NOTHING = (const(0), const(0))  # no steps after the parts of a result: theon.schedule.follow adds them
_SHARED = -1  # the arena's slot that all workspaces are in, one after another


def rounded(n: Scalar, to: int) -> Scalar:
    """The smallest multiple that is not below ``n``."""
    return times(over(plus(n, const(to - 1)), const(to)), const(to))


def workspace(low: Lowering, parts: Sequence[tuple[str, Scalar]]) -> list[int]:
    """Vectors of these dtypes and lengths in memory that all routines use in turn."""
    places, total = [], const(0)
    for kind, n in parts:
        places.append(total)
        total = plus(total, rounded(times(n, const(item(kind))), 64))
    buffer = low.buffer("temp", 0, plus(total, const(64)))
    low.buffers[buffer] = replace(low.buffers[buffer], slot=_SHARED)
    return [low.tensor(buffer, kind, 1, (n,), (const(item(kind)),), place) for (kind, n), place in zip(parts, places)]
