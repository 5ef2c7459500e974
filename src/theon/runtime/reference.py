"""The reference executor: a graph run node by node with each op's ``perform``."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from theon.errors import describe
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import performer
from theon.graph.origin import origin_of
from theon.graph.variable import Apply, Constant, Variable

__all__ = ["ReferenceProgram", "own_copy", "raise_with_op"]


def own_copy(value: Any) -> Any:
    """Return a copy of a value, for an op that overwrites it: a random state has no method of its own for that."""
    return value.copy() if hasattr(value, "copy") else deepcopy(value)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"shape {value.shape}, strides {value.strides}" + (f", value {value!r}" if value.size <= 5 else "")
    return repr(value)[:60]


def raise_with_op(node: Apply, error: BaseException, inputs: Sequence[Any] = ()) -> None:
    """Raise an exception of the class of ``error`` whose message names the node, its inputs and the user's line."""
    lines = [str(error) or type(error).__name__, f"Apply node that caused the error: {node}"]
    origin = origin_of(node)
    if origin is not None:
        lines.append(f"  made at {origin}: {origin.text}")
    for place, variable in enumerate(node.inputs[:8]):
        value = f": {_shown(inputs[place])}" if place < len(inputs) else ""
        lines.append(f"  input {place}: {describe(variable)}{value}")
    if isinstance(error, KeyError):  # whose text is the repr of its argument: lines would not show as lines
        error.add_note("\n".join(lines[1:]))
        raise error from None
    try:
        new = type(error)("\n".join(lines))
    except TypeError:  # a class whose constructor wants something else
        error.add_note("\n".join(lines[1:]))
        raise error from None
    for note in getattr(error, "__notes__", ()):  # which step of a loop it was
        new.add_note(note)
    raise new.with_traceback(error.__traceback__) from None


class ReferenceProgram:
    """A function graph ready to be run on values of its inputs."""

    def __init__(self, fgraph: FunctionGraph) -> None:
        self.fgraph = fgraph
        order = fgraph.toposort()
        self.order = order
        number: dict[Variable, int] = {}
        self.initial: list[Any] = []

        def slot(variable: Variable) -> int:
            place = number.get(variable)
            if place is None:
                place = number[variable] = len(self.initial)
                self.initial.append(variable.data if isinstance(variable, Constant) else None)
            return place

        self.performers = [performer(node) for node in order]
        self.input_slots = [slot(v) for v in fgraph.inputs]
        last: dict[int, int] = {}
        self.steps: list[tuple[Apply, list[int], list[int], list[int]]] = []
        for place, node in enumerate(order):
            ins = [slot(v) for v in node.inputs]
            outs = [slot(v) for v in node.outputs]
            destroyed = sorted({i for places in getattr(node.op, "destroy_map", {}).values() for i in places})
            for i in ins:
                last[i] = place
            self.steps.append((node, ins, outs, destroyed))
        self.output_slots = [slot(v) for v in fgraph.outputs]
        keep = set(self.output_slots) | set(self.input_slots) | {number[v] for v in number if isinstance(v, Constant)}
        self.free: list[list[int]] = [[] for _ in order]
        for i, place in last.items():
            if i not in keep:
                self.free[place].append(i)

    def run(self, inputs: Sequence[Any], watch: Any = None, before: Any = None) -> list[Any]:
        """Return the values of the graph's outputs; may alias inputs and each other.

        Calls ``before(node, ins)`` and ``watch(node, ins, outs)`` at each node.
        """
        values = list(self.initial)
        for place, value in zip(self.input_slots, inputs):
            values[place] = value
        for (node, ins, outs, destroyed), perform, free in zip(self.steps, self.performers, self.free):
            arguments = [values[i] for i in ins]
            # An op that overwrites an input gets a copy: the value may still be wanted.
            for i in destroyed:
                arguments[i] = own_copy(arguments[i])
            storage: list[list[Any]] = [[None] for _ in outs]
            if before is not None:
                before(node, arguments)
            try:
                perform(arguments, storage)
            except Exception as error:
                raise_with_op(node, error, arguments)
            for i, cell in zip(outs, storage):
                values[i] = cell[0]
            if watch is not None:
                watch(node, arguments, [cell[0] for cell in storage])
            for i in free:
                values[i] = None
        return [values[i] for i in self.output_slots]
