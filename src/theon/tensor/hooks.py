"""What the tensor layer needs of ops that are defined above it; ``theon.ops`` fills these in when it is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

stack: Callable[[Any], Any] | None = None
"""The stack of a sequence that holds variables."""
pad: Callable[[Any, int], Any] | None = None
"""A variable brought to a rank by adding or dropping dimensions on the left."""
rebroadcast: Callable[[Any, Any], Any] | None = None
"""A variable with another broadcast pattern, checked when the function runs."""
length: Callable[[Any], int | None] | None = None
"""The number of rows of a variable where the graph tells, else None."""


def needed(name: str) -> Callable[..., Any]:
    """Return a hook; imports the ops if they were not yet."""
    import sys

    space = sys.modules[__name__].__dict__
    if space[name] is None:
        import importlib

        importlib.import_module("theon.ops.methods")
    return space[name]  # type: ignore[no-any-return]
