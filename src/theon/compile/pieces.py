"""Graphs too long for one native function: cut into pieces, each a program of its own, that run one after another.

The time that machine code takes to be made grows with the square of a function's length; pieces make it grow with the length.
Pieces that compute the same from other values share one program. A long graph that hardly repeats itself is, after
as many pieces as are worth the time, run node by node: equal nodes share their program then.
Values that later pieces read are results of the piece that computes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.compile.stretches import Names, Stretch, cut
from theon.errors import NativeFallback
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import clone_get_equiv
from theon.graph.variable import Apply, Constant, Variable
from theon.options import config
from theon.runtime.reference import ReferenceProgram
from theon.schedule.lower import Unsupported, lowered
from theon.schedule.step import Program, PythonCall
from theon.schedule.verify import verify_program
from theon.tensor.type import TensorType

__all__ = ["Pieces"]

_MOST_NODES = 12_000  # in pieces that differ
_MOST_ALONE = 1_000  # nodes with programs of their own that differ


def _refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise NativeFallback


class _Code:
    """The program of a stretch and its native form: ``entry`` takes what the stretch is given and its arrays of numbers."""

    def __init__(self, stretch: Stretch) -> None:
        self.program: Program | None = None
        self.entry: Callable[..., Any] = _refused
        self.shared = True
        equiv = clone_get_equiv(stretch.inputs, stretch.outputs, copy_orphans=False)
        tables = [TensorType(dtype, (False,))() for dtype in stretch.tables]
        places = {dtype: len(stretch.inputs) + k for k, dtype in enumerate(stretch.tables)}
        given = [*(equiv[v] for v in stretch.inputs), *tables]
        graph = FunctionGraph(given, [equiv[v] for v in stretch.outputs], clone=False)
        numbers = {v: (places[dtype], place) for v, (dtype, place) in stretch.numbers.items()}
        try:
            program = lowered(graph, len(given), len(stretch.outputs), (), numbers)
        except Unsupported:
            return
        if config.verify_programs:
            verify_program(program)
        from theon.runtime.native import NativeFunction  # on first need: it takes long to import

        self.program = program
        self.entry = NativeFunction(program, (), "piece", _refused).entry
        # Ops that run their ``perform`` name their node where they fail.
        self.shared = not any(isinstance(step, PythonCall) for step in program.steps)


class _Piece:
    """A stretch of nodes that runs: by native code where it has some, else node by node."""

    def __init__(self, stretch: Stretch, code: _Code | None) -> None:
        self.stretch, self.code = stretch, code
        self.entry = None if code is None or code.program is None else code.entry
        self.numbers = [
            np.array([v.data.item() for v in constants], dtype) for dtype, constants in stretch.tables.items()
        ]
        self.reference: ReferenceProgram | None = None

    def run(self, values: list[Any]) -> Sequence[Any]:
        if self.entry is not None:
            try:
                found = self.entry(*values, *self.numbers)
            except NativeFallback:
                pass
            else:
                return [found] if len(self.stretch.outputs) == 1 else found  # type: ignore[no-any-return]
        if self.reference is None:
            self.reference = ReferenceProgram(self.stretch)
        return self.reference.run(values)


class Pieces:
    """A long graph made runnable: ``run(values)`` returns the values of its outputs; ``programs`` tells its native programs."""

    def __init__(self, fgraph: FunctionGraph) -> None:
        self.fgraph = fgraph
        self.names = Names()
        self.codes: dict[Any, _Code] = {}
        self.nodes_left, self.programs_left = _MOST_NODES, _MOST_ALONE
        self.slots: dict[Variable, int] = {v: k for k, v in enumerate(fgraph.inputs)}
        self.steps: list[tuple[_Piece, list[int], list[int], list[int]]] = []
        order = fgraph.toposort()
        last: dict[Variable, int] = {}  # the last node that reads it
        for place, node in enumerate(order):
            last.update(dict.fromkeys(node.inputs, place))
        last.update(dict.fromkeys(fgraph.outputs, len(order)))
        self.last = last
        end = 0
        for nodes in cut(order, self.names):
            end += len(nodes)
            self._add(nodes, end)

    def _add(self, nodes: Sequence[Apply], end: int) -> None:
        """Add the piece of ``nodes``, which are the last of the first ``end`` nodes, or a piece for each of them."""
        last, slots = self.last, self.slots
        inside = {v for node in nodes for v in node.outputs}
        read = dict.fromkeys(v for node in nodes for v in node.inputs if not isinstance(v, Constant))
        given = [v for v in read if v not in inside]
        made = [v for node in nodes for v in node.outputs if last.get(v, -1) >= end]
        if not made:
            return
        stretch = Stretch(nodes, given, made, self.names)
        code = self.codes.get(stretch.key)
        if code is None:
            if len(nodes) > 1:
                if self.nodes_left <= 0:
                    for place, node in enumerate(nodes):
                        self._add([node], end - len(nodes) + place + 1)
                    return
                self.nodes_left -= len(nodes)
            else:
                self.programs_left -= 1
            if len(nodes) > 1 or self.programs_left >= 0:
                code = _Code(stretch)
                if code.shared:
                    self.codes[stretch.key] = code
        first = len(self.fgraph.inputs)
        gone = [slots[v] for v in given if last[v] < end and slots[v] >= first]
        for v in made:
            slots[v] = len(slots)
        self.steps.append((_Piece(stretch, code), [slots[v] for v in given], [slots[v] for v in made], gone))

    @property
    def programs(self) -> list[tuple[Program, int]]:
        """The programs of the native pieces, each with the number of pieces that it runs."""
        codes = Counter(piece.code for piece, *_ in self.steps)
        return [(code.program, n) for code, n in codes.items() if code is not None and code.program is not None]

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
