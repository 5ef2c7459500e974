"""Pausing the cyclic garbage collector while many graph objects are made at once.

Graphs are cycles of long-lived objects: the collector would walk all of them again and again as they are made, which
costs half of the time that a large graph takes to differentiate and compile.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["uncollected"]

P = ParamSpec("P")
R = TypeVar("R")


def uncollected(function: Callable[P, R]) -> Callable[P, R]:
    """Make ``function`` run with the collector paused, unless it is already; objects without cycles are freed as ever."""

    @functools.wraps(function)
    def paused(*args: P.args, **kwargs: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            _keep()
            gc.enable()

    return paused


_MANY = 20_000  # objects from which looking through what was made would take milliseconds, twice
_MOST = 200_000  # objects among which garbage may wait until all are looked through
_INTERPRETERS = 1_000  # CPython 3.12 starts with some hundreds of its own objects frozen
_waiting = 0


def _keep() -> None:
    """Count what was made in the pause among the old objects, if it is much: nearly all of it stays."""
    global _waiting
    made = gc.get_count()[0]
    if made < _MANY or gc.get_freeze_count() > _INTERPRETERS:  # what others froze would not stay so
        return
    _waiting += made
    if _waiting > _MOST:
        _waiting = 0
        gc.collect()
        return
    gc.freeze()
    gc.unfreeze()
