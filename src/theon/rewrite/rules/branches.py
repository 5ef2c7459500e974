"""Choices made lazy: what only one branch of an ``ifelse`` needs is computed if that branch is taken.

A node is *guarded* by a condition where everything that reads it is read on one side of a choice by that condition. Several
choices may share a condition: a loss and its gradient, say, of which the gradient reads what the loss computed on the way.
Such a node moves into the first choice that needs it, which hands it on to the others; on the side where nobody
reads it there is nothing (:class:`~theon.control.lazy.Absent`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from theon.autodiff.gates import common
from theon.control.ifelse import IfElse
from theon.control.lazy import LazyIfElse, absent, is_absent
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.dims import DimShuffle, Rebroadcast
from theon.ops.shape import Shape, Shape_i
from theon.rewrite.replace import same_origin

__all__ = ["guards", "make_lazy"]

Guards = tuple[
    tuple[Variable, bool], ...
]  # conditions and whether they hold, from the outermost choice to the innermost
# Ops that cost nothing: each choice makes its own.
_FREE = (DimShuffle, Rebroadcast, Shape, Shape_i)


def make_lazy(fgraph: FunctionGraph) -> int:
    """Move what only one side of a choice needs into it, where it is computed if chosen; return how many nodes moved.

    Choices that are moved become lazy where they are, too.
    """
    moved = 0
    waiting: list[tuple[FunctionGraph, dict[int, Guards]]] = [(fgraph, {})]
    while waiting:
        graph, promises = waiting.pop()
        if not graph.has_ops(IfElse):
            continue
        level = _Level(graph, promises)
        moved += level.run()
        for op, place, promised in level.made:
            inner = FunctionGraph(*op.graphs[place], clone=False)
            waiting.append((inner, promised))
            # The op's graph is the one that is rewritten.
            op.graphs[place] = (inner.inputs, inner.outputs)
    return moved


def guards(fgraph: FunctionGraph) -> dict[Apply, Guards]:
    """The guards of each node; nothing where no choice is made."""
    if not fgraph.has_ops(IfElse):
        return {}
    return _Level(fgraph, {}).guards


@dataclass
class _Branch:
    """One side of a lazy choice: nodes in order, what it hands on, and the guards under which that is read."""

    nodes: list[Apply]
    handed: dict[Variable, Guards]


class _Level:
    """One graph; ``promises``: for some of its outputs, the guards under which they are read."""

    def __init__(self, fgraph: FunctionGraph, promises: Mapping[int, Guards]) -> None:
        self.fgraph, self.promises = fgraph, promises
        self.made: list[tuple[LazyIfElse, int, dict[int, Guards]]] = []
        self.order = fgraph.toposort()
        self.guards = self.guards_of_nodes()
        self.sites = [n for n in self.order if isinstance(n.op, IfElse) and not self.guards[n]]
        self.site = self.first_sites()
        self.renamed: dict[Variable, Variable] = {}

    def under(self, reader: Any, place: int) -> Guards:
        """The guards under which a reader reads its input at ``place``."""
        if reader == "output":
            return self.promises.get(place, ())
        found = self.guards[reader]
        if isinstance(reader.op, IfElse) and place > 0:
            return (*found, (reader.inputs[0], place <= reader.op.n_outs))
        return found

    def guards_of_nodes(self) -> dict[Apply, Guards]:
        """The guards of each node: those that its readers have in common."""
        self.guards = {}
        for node in reversed(self.order):
            several = [self.under(c, place) for v in node.outputs for c, place in self.fgraph.clients(v)]
            self.guards[node] = common(several)
        return self.guards

    def first_sites(self) -> dict[Apply, int]:
        """For each guarded node the first of the choices that need it."""
        number = {node: i for i, node in enumerate(self.sites)}
        found: dict[Apply, int] = {}
        for node in reversed(self.order):
            if not self.guards[node]:
                continue
            readers = [c for v in node.outputs for c, _ in self.fgraph.clients(v) if c != "output"]
            found[node] = min(number[c] if c in number else found[c] for c in readers)
        return found

    def run(self) -> int:
        moved = 0
        for place, node in enumerate(self.sites):
            inside = [n for n in self.order if self.site.get(n) == place and n in self.fgraph.apply_nodes]
            if inside:
                moved += self.choice(node, place, inside)
        return moved

    def choice(self, node: Apply, place: int, inside: Sequence[Apply]) -> int:
        """Make one choice lazy, with the nodes that belong inside."""
        condition, n = node.inputs[0], node.op.n_outs  # type: ignore[attr-defined]
        branches = [self.branch(node, place, inside, taken) for taken in (True, False)]
        handed = [v for branch in branches for v in branch.handed]
        graphs, maps = [], []
        for side, branch in enumerate(branches):
            values = [*node.inputs[1 + side * n : 1 + (side + 1) * n]]
            values += [v if v in branch.handed else absent(v.type) for v in handed]
            read, inputs, outputs, copies = _cut(branch.nodes, values)
            graphs.append((read, inputs, outputs))
            maps.append(copies)
        op = LazyIfElse(*((inputs, outputs) for _, inputs, outputs in graphs))
        found = op(condition, *(v for read, _, _ in graphs for v in read), return_list=True)
        same_origin(found[0], node)
        for side, branch in enumerate(branches):
            copies = maps[side]
            promised = {
                n + i: self.inside(branch.handed[v], copies) for i, v in enumerate(handed) if v in branch.handed
            }
            self.made.append((op, side, promised))
        for old, new in zip([*node.outputs, *handed], found):
            self.renamed[old] = new
            self.fgraph.replace(old, new, reason="make_lazy")
        return len(inside)

    def inside(self, guards: Guards, copies: Mapping[Variable, Variable]) -> Guards:
        """Guards as they are called in a branch's own graph, as far as it knows them."""
        found = []
        for condition, flag in guards:
            if self.now(condition) not in copies:
                break
            found.append((copies[self.now(condition)], flag))
        return tuple(found)

    def now(self, v: Variable) -> Variable:
        while v in self.renamed:
            v = self.renamed[v]
        return v

    def branch(self, node: Apply, place: int, inside: Sequence[Apply], taken: bool) -> _Branch:
        nodes = [n for n in inside if self.guards[n][0][1] is taken]
        handed: dict[Variable, Guards] = {}
        for inner in reversed(nodes):
            for v in inner.outputs:
                others = [r for r in self.fgraph.clients(v) if self.elsewhere(r[0], node, place)]
                if isinstance(inner.op, _FREE) and all(c != "output" for c, _ in others):
                    self.again(inner, v, others)
                elif others:
                    # The outermost guard is this choice.
                    handed[v] = common([self.under(c, i) for c, i in others])[1:]
        return _Branch(nodes, dict(reversed(handed.items())))

    def elsewhere(self, reader: Any, node: Apply, place: int) -> bool:
        return reader == "output" or (reader is not node and self.site.get(reader) != place)

    def again(self, inner: Apply, v: Variable, readers: Sequence[tuple[Apply, int]]) -> None:
        """Let readers elsewhere read a copy of a node, which belongs to the first of them."""
        if not readers:
            return
        copy = inner.clone()
        number = {node: i for i, node in enumerate(self.sites)}
        self.guards[copy] = self.guards[inner]
        self.site[copy] = min(number[c] if c in number else self.site[c] for c, _ in readers)
        self.order.insert(self.order.index(inner) + 1, copy)
        for c, i in readers:
            self.fgraph.change_input(c, i, copy.outputs[inner.outputs.index(v)], reason="make_lazy")


def _cut(
    nodes: Sequence[Apply], values: Sequence[Variable]
) -> tuple[list[Variable], list[Variable], list[Variable], dict[Variable, Variable]]:
    """A graph of its own that computes ``values`` by ``nodes``: what it reads, its inputs, its outputs, all copies."""
    copies: dict[Variable, Variable] = {}
    read: list[Variable] = []

    def copied(v: Variable) -> Variable:
        if isinstance(v, Constant) or is_absent(v):
            return v
        if v not in copies:
            copies[v] = v.type()
            read.append(v)
        return copies[v]

    for node in nodes:
        new = node.clone_with_new_inputs([copied(v) for v in node.inputs])
        copies.update(zip(node.outputs, new.outputs))
    outputs = [copied(v) for v in values]
    return read, [copies[v] for v in read], outputs, copies
