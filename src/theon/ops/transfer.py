"""Arrays on other devices: what programs register for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.tensor.constant import as_tensor_variable

__all__ = ["register_transfer", "transfer"]

_transfers: list[Callable[[Any, str], Any]] = []


def transfer(var: Any, target: str) -> Any:
    """Return ``var`` on another device: "cpu", or what a function given to :func:`register_transfer` knows.

    ValueError for a target that nobody knows.
    """
    if target == "cpu":
        return as_tensor_variable(var)
    for function in _transfers:
        found = function(var, target)
        if found is not None:
            return found
    raise ValueError(f"Can't transfer to target {target}")


def register_transfer(fn: Callable[[Any, str], Any]) -> None:
    """Let :func:`transfer` ask ``fn(var, target)``, which returns the variable there, or None for a target it does not know."""
    _transfers.append(fn)
