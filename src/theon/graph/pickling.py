"""Pickling and deep copying graphs of any depth: a graph is written as one flat list in evaluation order.

``pickle`` would recurse from each variable to its owner to its inputs, and fail on long chains. Here the computed
variable that pickle meets first writes the whole graph above it as a :class:`FlatGraph`; variables of that graph met
later in the same pickle refer to it, and later flat graphs stop at its variables, so that identity is kept.
Inputs, constants and shared variables are pickled as objects of their own.
"""

from __future__ import annotations

import copyreg
import weakref
from typing import Any

from theon.graph.variable import Apply, Variable

__all__ = ["FlatGraph", "reduce_variable"]

# The flat graph that each lately pickled variable belongs to. Weak: a flat graph lives as long as its pickle is written.
_recent: weakref.WeakValueDictionary[int, FlatGraph] = weakref.WeakValueDictionary()


def _flat_of(variable: Variable) -> FlatGraph | None:
    """The live flat graph that holds ``variable`` as it is now, if there is one."""
    flat = _recent.get(id(variable))
    if flat is None:
        return None
    place = flat.index.get(id(variable))
    if place is None or flat.variables[place] is not variable or flat.owners[place] is not variable.owner:
        return None
    return flat


class FlatGraph:
    """The graph above one variable, as flat lists; unpickling rebuilds every node once."""

    def __init__(self, root: Variable) -> None:
        self.variables: list[Variable] = []
        self.index: dict[int, int] = {}
        pending = [root]
        nodes: set[Apply] = set()
        while pending:
            variable = pending.pop()
            if id(variable) in self.index:
                continue
            self.index[id(variable)] = len(self.variables)
            self.variables.append(variable)
            node = variable.owner
            if node is None or node in nodes or (variable is not root and _flat_of(variable) is not None):
                continue
            nodes.add(node)
            pending.extend(node.outputs)
            pending.extend(node.inputs)
        self.nodes = nodes
        self.owners = [variable.owner for variable in self.variables]
        for variable in self.variables:
            if variable.owner in nodes:
                _recent[id(variable)] = self

    def __reduce__(self) -> tuple[Any, ...]:
        # Empty variables first, what they hold after: a shared variable of the graph may hold a variable of it, as the
        # states of random streams do.
        shells = [(place, type(v)) for place, v in enumerate(self.variables) if v.owner in self.nodes]
        outside = [(place, v) for place, v in enumerate(self.variables) if v.owner not in self.nodes]
        inside = [(place, _state(self.variables[place])) for place, _ in shells]
        nodes = [
            (
                type(node),
                _node_state(node),
                [self.index[id(v)] for v in node.inputs],
                [self.index[id(v)] for v in node.outputs],
            )
            for node in self.nodes
        ]
        return _empty, (len(self.variables), shells), (outside, inside, nodes)

    def __setstate__(self, state: tuple[list[Any], list[Any], list[Any]]) -> None:
        outside, inside, nodes = state
        for place, variable in outside:
            self.variables[place] = variable
        for place, held in inside:
            self.variables[place].__dict__.update(held)
        for cls, held, inputs, outputs in nodes:
            node = cls.__new__(cls)
            node.__dict__.update(held)
            node.inputs = [self.variables[i] for i in inputs]
            node.outputs = [self.variables[i] for i in outputs]
            for place, output in enumerate(node.outputs):
                output.owner, output.index = node, place


def _state(variable: Variable) -> dict[str, Any]:
    state = dict(variable.__dict__)
    for name in ("owner", "index", "fgraph", "_fn_cache"):
        state.pop(name, None)
    return state


def _node_state(node: Apply) -> dict[str, Any]:
    state = dict(node.__dict__)
    for name in ("inputs", "outputs", "fgraph"):
        state.pop(name, None)
    return state


def _empty(count: int, shells: list[Any]) -> FlatGraph:
    flat = FlatGraph.__new__(FlatGraph)
    flat.variables = [None] * count  # type: ignore[list-item]
    for place, cls in shells:
        flat.variables[place] = cls.__new__(cls)
    return flat


def reduce_variable(variable: Variable) -> tuple[Any, ...]:
    """Return the reduce value: an input as an object of its own, a result as its place in the flat graph above it."""
    if variable.owner is None:
        state = dict(variable.__dict__)
        state.pop("fgraph", None)
        state.pop("_fn_cache", None)
        return copyreg.__newobj__, (type(variable),), state  # type: ignore[attr-defined]
    flat = _flat_of(variable)
    if flat is None:
        flat = FlatGraph(variable)
    return _member, (flat, flat.index[id(variable)])


def reduce_node(node: Apply) -> tuple[Any, ...]:
    """Return the reduce value of a node: the owner of its first output."""
    return _owner, (node.outputs[0],)


def _owner(variable: Variable) -> Apply | None:
    return variable.owner


def _member(flat: FlatGraph, place: int) -> Variable:
    return flat.variables[place]
