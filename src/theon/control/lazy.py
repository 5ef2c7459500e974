"""The lazy form of ``ifelse`` that compilation makes: each branch a graph that is computed only if it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.op import Op
from theon.graph.traverse import clone
from theon.graph.variable import Apply, Variable

__all__ = ["LazyIfElse"]


class LazyIfElse(Op):
    """Inputs: condition, inputs of the first graph, inputs of the second; outputs: those of the graph chosen."""

    def __init__(
        self, first: tuple[list[Variable], list[Variable]], second: tuple[list[Variable], list[Variable]]
    ) -> None:
        self.n_first = len(first[0])
        self.graphs = [_separate(*first), _separate(*second)]
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
            self._functions[place] = function(list(ins), list(outs), on_unused_input="ignore")
        return self._functions[place]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute the graph that the condition chooses."""
        condition, *rest = inputs
        place, own = (0, rest[: self.n_first]) if condition else (1, rest[self.n_first :])
        for cell, value in zip(output_storage, self._function(place)(*own)):
            cell[0] = value


def _separate(inputs: list[Variable], outputs: list[Variable]) -> tuple[list[Variable], list[Variable]]:
    """The graph with inputs of its own, none of them a shared variable."""
    fresh = [v.type() for v in inputs]
    from theon.graph.traverse import clone_replace

    outs = clone_replace(outputs, dict(zip(inputs, fresh)))
    return clone(fresh, outs)
