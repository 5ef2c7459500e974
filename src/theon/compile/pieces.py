"""Graphs too long for one native function: cut into pieces, each a program of its own, that run one after another.

The time that machine code takes to be made grows with the square of a function's length; pieces make it grow with the length.
Values that later pieces read are results of the piece that computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.errors import NativeFallback
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Constant, Variable
from theon.options import config
from theon.runtime.reference import ReferenceProgram
from theon.schedule.lower import Unsupported, lowered
from theon.schedule.step import Program
from theon.schedule.verify import verify_program

__all__ = ["Pieces"]

_SIZE = 800  # nodes of a piece


def _refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise NativeFallback


class _Piece:
    """A stretch of nodes: native where it has a program, else run node by node."""

    def __init__(self, inputs: list[Variable], outputs: list[Variable]) -> None:
        graph = FunctionGraph(inputs, outputs, clone=False)  # nothing is changed in it
        self.graph, self.program = graph, None
        self.native: Any = None
        try:
            program: Program = lowered(graph, len(inputs), len(outputs), ())
        except Unsupported:
            return
        if config.verify_programs:
            verify_program(program)
        from theon.runtime.native import NativeFunction  # on first need: it takes long to import

        self.program, self.native = program, NativeFunction(program, (), "piece", _refused)

    def run(self, values: Sequence[Any]) -> Sequence[Any]:
        if self.native is not None:
            try:
                found = self.native.entry(*values)
            except NativeFallback:
                pass
            else:
                return [found] if len(self.graph.outputs) == 1 else found  # type: ignore[no-any-return]
        return ReferenceProgram(self.graph).run(values)


class Pieces:
    """A long graph made runnable: ``run(values)`` returns the values of its outputs; ``programs`` are the native ones."""

    def __init__(self, fgraph: FunctionGraph) -> None:
        self.fgraph = fgraph
        order = fgraph.toposort()
        place_of: dict[Variable, int] = {v: -1 for v in fgraph.inputs}
        stretches = [order[start : start + _SIZE] for start in range(0, len(order), _SIZE)]
        for place, nodes in enumerate(stretches):
            place_of.update((v, place) for node in nodes for v in node.outputs)
        last: dict[Variable, int] = {}
        for place, nodes in enumerate(stretches):
            last.update((v, place) for node in nodes for v in node.inputs)
        last.update((v, len(stretches)) for v in fgraph.outputs)
        self.slots: dict[Variable, int] = {v: k for k, v in enumerate(fgraph.inputs)}
        self.steps: list[tuple[_Piece, list[int], list[int], list[int]]] = []
        for place, nodes in enumerate(stretches):
            read = dict.fromkeys(v for node in nodes for v in node.inputs if not isinstance(v, Constant))
            given = [v for v in read if place_of.get(v, place) < place]
            made = [v for node in nodes for v in node.outputs if last.get(v, place) > place]
            for v in made:
                self.slots[v] = len(self.slots)
            gone = [self.slots[v] for v in given if last[v] == place and place_of[v] >= 0]
            if made:
                places = [self.slots[v] for v in given], [self.slots[v] for v in made]
                self.steps.append((_Piece(given, made), *places, gone))

    @property
    def programs(self) -> list[Program]:
        """The programs of the native pieces."""
        return [piece.program for piece, *_ in self.steps if piece.program is not None]

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the values of the graph's outputs; may alias inputs and each other."""
        values: list[Any] = [None] * len(self.slots)
        values[: len(inputs)] = inputs
        for piece, given, made, gone in self.steps:
            for k, value in zip(made, piece.run([values[k] for k in given])):
                values[k] = value
            for k in gone:
                values[k] = None
        return [v.data if isinstance(v, Constant) else values[self.slots[v]] for v in self.fgraph.outputs]
