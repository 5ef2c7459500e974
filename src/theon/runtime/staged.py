"""Graphs with values that native code cannot hold, such as random states: native programs, and the nodes between them.

Nodes are put in stages. A stage is a native program of all nodes that need nothing from later stages, then the nodes of it
that only ``perform`` can run, whose results the next stage may read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theon.errors import NativeFallback
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import performer
from theon.graph.traverse import clone_get_equiv
from theon.graph.variable import Apply, Constant, Variable
from theon.runtime.reference import ReferenceProgram, own_copy, raise_with_op
from theon.tensor.type import TensorType

__all__ = ["StagedProgram", "staged"]

_MOST_STAGES = 30  # native programs that are worth the time to make them
_NATIVE = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"}


def _is_native(variable: Variable) -> bool:
    return type(variable.type) is TensorType and variable.type.dtype in _NATIVE


def _runs_alone(node: Apply) -> bool:
    return not all(_is_native(v) for v in (*node.inputs, *node.outputs))


class _Stage:
    """A native part, which reads the values of ``needs`` and leaves those of ``gives``, then nodes that run alone."""

    def __init__(self) -> None:
        self.alone: list[Apply] = []
        self.needs: list[Variable] = []
        self.gives: list[Variable] = []
        self.performers: list[Callable[..., Any]] = []
        self.free: list[Variable] = []
        self.program: Any = None
        self.run: Callable[[list[Any]], list[Any]] = lambda values: []


def staged(fgraph: FunctionGraph) -> StagedProgram | None:
    """Return ``fgraph`` in stages; None where all its values are native, where nothing is, or where there are too many stages."""
    order = fgraph.toposort()
    alone = [node for node in order if _runs_alone(node)]
    if not alone or len(alone) == len(order):
        return None
    level: dict[Variable, int] = {}
    place: dict[Apply, int] = {}
    for node in order:
        place[node] = max((level.get(v, 0) for v in node.inputs), default=0)
        for v in node.outputs:
            level[v] = place[node] + _runs_alone(node)
    count = max(level.values()) + 1
    if count > _MOST_STAGES:
        return None
    # Other nodes wait for the first stage that reads them: what is computed late is fused with what reads it.
    for node in reversed(order):
        if not _runs_alone(node):
            readers = [place[n] if n != "output" else count - 1 for v in node.outputs for n, _ in fgraph.clients(v)]
            place[node] = min(readers, default=place[node])
    return StagedProgram(fgraph, place, count)


class StagedProgram:
    """``run(values)`` returns the values of the graph's outputs for values of its inputs."""

    def __init__(self, fgraph: FunctionGraph, place: dict[Apply, int], count: int) -> None:
        self.fgraph = fgraph
        self.stages = [_Stage() for _ in range(count)]
        for node in fgraph.toposort():
            if _runs_alone(node):
                self.stages[place[node]].alone.append(node)
        wanted = dict.fromkeys(v for v in fgraph.outputs if v.owner is not None and not _runs_alone(v.owner))
        last: dict[Variable, _Stage] = {}
        for number in reversed(range(count)):
            stage = self.stages[number]
            read = [v for node in stage.alone for v in node.inputs]
            wanted.update(dict.fromkeys(v for v in read if v.owner is not None and not _runs_alone(v.owner)))
            stage.gives = [v for v in wanted if place[v.owner] == number]  # type: ignore[index]
            stage.needs = self._leaves(stage.gives, place, number)
            wanted.update(dict.fromkeys(v for v in stage.needs if v.owner is not None and not _runs_alone(v.owner)))
            for v in (*stage.needs, *read):
                last.setdefault(v, stage)
            stage.performers = [performer(node) for node in stage.alone]
            if stage.gives:
                self._compile(stage)
        keep = {*fgraph.outputs, *fgraph.inputs}
        for v, stage in last.items():
            if v not in keep and not isinstance(v, Constant):
                stage.free.append(v)

    @staticmethod
    def _leaves(gives: Sequence[Variable], place: dict[Apply, int], number: int) -> list[Variable]:
        """What the stage reads to compute ``gives``: inputs, and values of other stages but views of those, which are made again."""
        found: dict[Variable, None] = {}
        seen: set[Variable] = set()
        stack = list(gives)
        while stack:
            v = stack.pop()
            if v in seen or isinstance(v, Constant):
                continue
            seen.add(v)
            node = v.owner
            own = node is not None and not _runs_alone(node)
            if own and (place[node] == number or type(node.op).__name__ == "DimShuffle"):  # type: ignore[index,union-attr]
                stack.extend(node.inputs)  # type: ignore[union-attr]
            else:
                found[v] = None
        return list(found)

    @staticmethod
    def _compile(stage: _Stage) -> None:
        """Make the stage's native program; where it has none, the reference runs it."""
        from theon.runtime.native import NativeFunction
        from theon.schedule.lower import Unsupported, lowered

        copies = clone_get_equiv(stage.needs, stage.gives)
        graph = FunctionGraph([copies[v] for v in stage.needs], [copies[v] for v in stage.gives], clone=False)
        slow = ReferenceProgram(graph)
        stage.run = slow.run
        try:
            stage.program = lowered(graph, len(stage.needs), len(stage.gives), ())
        except Unsupported:
            return
        native, single = NativeFunction(stage.program, (), "stage"), len(stage.gives) == 1

        def run(values: list[Any]) -> list[Any]:
            try:
                found = native(*values)
            except NativeFallback:
                return slow.run(values)
            return [found] if single else list(found)

        stage.run = run

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the values of the outputs; they may alias inputs and each other."""
        values: dict[Variable, Any] = dict(zip(self.fgraph.inputs, inputs))

        def value(v: Variable) -> Any:
            return v.data if isinstance(v, Constant) else values[v]

        for stage in self.stages:
            if stage.gives:
                values.update(zip(stage.gives, stage.run([values[v] for v in stage.needs])))
            for node, perform in zip(stage.alone, stage.performers):
                arguments = [value(v) for v in node.inputs]
                # An op that overwrites an input gets a copy: the value may still be wanted.
                for i in {i for places in getattr(node.op, "destroy_map", {}).values() for i in places}:
                    arguments[i] = own_copy(arguments[i])
                storage: list[list[Any]] = [[None] for _ in node.outputs]
                try:
                    perform(arguments, storage)
                except Exception as error:
                    raise_with_op(node, error, arguments)
                values.update((v, cell[0]) for v, cell in zip(node.outputs, storage))
            for v in stage.free:
                values.pop(v, None)
        return [value(v) for v in self.fgraph.outputs]
