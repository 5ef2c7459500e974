"""How Python objects given to ops become variables; the tensor layer sets the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.graph.variable import Variable

__all__ = ["as_variable", "set_conversion"]

_convert: list[Callable[[Any], Variable]] = []


def set_conversion(function: Callable[[Any], Variable]) -> None:
    """Make ``function`` the rule."""
    _convert[:] = [function]


def as_variable(x: Any) -> Variable:
    """Return ``x`` as a variable; TypeError where there is no rule for it."""
    if not _convert:
        raise TypeError(f"{x!r} ({type(x).__name__}) is no Variable, and no conversion is known")
    return _convert[0](x)
