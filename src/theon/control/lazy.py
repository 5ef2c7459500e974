"""The lazy form of ``ifelse`` that compilation makes: each branch a graph that is computed only if it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.tensor.type import TensorType

__all__ = ["Absent", "LazyIfElse", "absent", "is_absent"]


class Absent(Op):
    """A value that nobody reads: what the other branch hands on to later choices by the same condition."""

    __props__ = ("type",)

    def __init__(self, type: Any) -> None:
        self.type = type

    def make_node(self) -> Apply:
        """Return the node."""
        return Apply(self, [], [self.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """As good as nothing."""
        output_storage[0][0] = self.nothing()

    def nothing(self) -> Any:
        """An array with as few elements as there may be; None where the value would be no array."""
        if not isinstance(self.type, TensorType):
            return None
        return np.zeros([int(flag) for flag in self.type.broadcastable], self.type.dtype)


def absent(type_: Any) -> Variable:
    """A variable of a type with no value behind it."""
    return Absent(type_)()  # type: ignore[return-value]


def is_absent(v: Variable) -> bool:
    """Whether there is no value behind a variable."""
    return v.owner is not None and isinstance(v.owner.op, Absent)


class LazyIfElse(Op):
    """Inputs: condition, inputs of the first graph, inputs of the second; outputs: those of the graph chosen.

    A graph is a list of inputs and one of outputs; it reads nothing else, and belongs to the op.
    """

    mode: Any = None  # of its branches, where they are functions of their own

    def __init__(
        self, first: tuple[list[Variable], list[Variable]], second: tuple[list[Variable], list[Variable]]
    ) -> None:
        self.n_first = len(first[0])
        self.graphs = [first, second]
        self._functions: list[Any] = [None, None]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        return "if{lazy}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_functions": [None, None]}

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        return Apply(self, list(inputs), [v.type() for v in self.graphs[0][1]])

    def _function(self, place: int) -> Any:
        if self._functions[place] is None:
            from theon.compile.function import function

            ins, outs = self.graphs[place]
            present = [v for v in outs if not is_absent(v)]
            self._functions[place] = function(list(ins), present, mode=self.mode, on_unused_input="ignore")
        return self._functions[place]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute the graph that the condition chooses."""
        condition, *rest = inputs
        place, own = (0, rest[: self.n_first]) if condition else (1, rest[self.n_first :])
        found = iter(self._function(place)(*own))
        for cell, v in zip(output_storage, self.graphs[place][1]):
            cell[0] = v.owner.op.nothing() if is_absent(v) else next(found)  # type: ignore[union-attr]
