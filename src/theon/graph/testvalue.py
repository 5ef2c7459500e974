"""Test values: while a graph is built, each node computes an example, so that a mistake shows at the line that makes it.

A variable's example is ``variable.tag.test_value``; constants and shared variables have theirs. ``config.compute_test_value``
says what happens: "off"; "ignore", "warn" or "raise" where an input has no example.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.options import config

__all__ = [
    "compute_test_values",
    "debug_assert",
    "debug_error_message",
    "get_debug_values",
    "get_test_value",
    "missing_test_message",
]

# The table that ``config`` reads: a node asks at each call of an op, so the look-up has to be quick.
FLAGS: dict[str, Any] = config.__dict__["_values"]


def get_test_value(v: Any) -> Any:
    """Return the example value of ``v``: a constant's, a shared variable's, or ``v.tag.test_value`` made a value of its type.

    AttributeError where it has none; what the type's ``filter`` raises where the example is no value of the type.
    """
    if not isinstance(v, Variable):
        from theon.graph.conversion import as_variable

        v = as_variable(v)
    if isinstance(v, Constant):
        return v.data
    container = getattr(v, "container", None)
    if container is not None:
        return container.storage[0]
    if not hasattr(v.tag, "test_value"):
        raise AttributeError(f"{v} has no test value")
    try:
        return v.type.filter(v.tag.test_value)
    except Exception as error:
        error.add_note(f"The test value of {v} is no value of its type, {v.type}.")
        raise


def compute_test_values(node: Apply) -> None:
    """Compute the node's outputs from its inputs' examples and make them the outputs' examples.

    ValueError for an input without one, if ``compute_test_value`` is "raise"; what ``perform`` raises where it fails.
    """
    from theon.graph.op import performer

    how = FLAGS["compute_test_value"]
    values = []
    for place, variable in enumerate(node.inputs):
        try:
            values.append(get_test_value(variable))
        except AttributeError:
            text = f"Cannot compute test value: input {place} ({variable}) of Op {node} missing default value."
            if how == "warn":
                warnings.warn("Warning, " + text, stacklevel=3)
            elif how in ("raise", "pdb"):
                raise ValueError(text) from None
            return
    for places in getattr(node.op, "destroy_map", {}).values():
        for place in places:
            values[place] = copy.deepcopy(values[place])
    storage: list[list[Any]] = [[None] for _ in node.outputs]
    performer(node)(values, storage)
    for output, cell in zip(node.outputs, storage, strict=True):
        output.tag.test_value = cell[0]


def missing_test_message(msg: str) -> None:
    """Raise, warn or say nothing of a missing example, as ``compute_test_value`` says."""
    how = FLAGS["compute_test_value"]
    if how in ("raise", "pdb"):
        raise AttributeError(msg)
    if how == "warn":
        warnings.warn(msg, stacklevel=2)


def debug_error_message(msg: str) -> None:
    """Raise ValueError or warn that examples do not fit together, as ``compute_test_value`` says."""
    if FLAGS["compute_test_value"] == "warn":
        warnings.warn(msg, stacklevel=2)
    else:
        raise ValueError(msg)


def debug_assert(condition: Any, msg: str | None = None) -> None:
    """AssertionError (a warning where ``compute_test_value`` is "warn") where ``condition`` is false."""
    if not condition:
        text = "debug_assert failed" if msg is None else msg
        if FLAGS["compute_test_value"] != "warn":
            raise AssertionError(text)
        warnings.warn(text, stacklevel=2)


def get_debug_values(*args: Any) -> Iterator[Any]:
    """Yield the examples of all ``args`` once (of one, itself, else a tuple); nothing where test values are off or one has none.

    >>> for a, b in get_debug_values():
    ...     assert a.shape == b.shape
    """
    if FLAGS["compute_test_value"] == "off":
        return
    found = []
    for place, thing in enumerate(args):
        try:
            found.append(get_test_value(thing))
        except AttributeError:
            missing_test_message(f"Argument {place} ({thing}) has no test value")
            return
    if found:
        yield found[0] if len(found) == 1 else tuple(found)
