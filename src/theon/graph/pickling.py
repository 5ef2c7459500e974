"""Pickling and deep copying graphs of any depth: a graph is written as one flat list in evaluation order.

``pickle`` would recurse from each variable to its owner to its inputs, and fail on long chains. Here the computed
variable that pickle meets first writes the whole graph above it as a :class:`FlatGraph`; variables of that graph met
later in the same pickle refer to it, and later flat graphs stop at its variables, so that identity is kept.
Inputs, constants and shared variables are pickled as objects of their own.
"""

from __future__ import annotations

import copyreg
import weakref
from array import array
from collections.abc import Iterator
from copy import copy
from typing import Any

from theon.graph.garbage import uncollected
from theon.graph.variable import Apply, Scratchpad, Variable

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

    inside: array[int]  # the places of the variables that its nodes make

    def __init__(self, root: Variable) -> None:
        self.variables: list[Variable] = []
        self.index: dict[int, int] = {}
        pending = [root]
        nodes: dict[Apply, None] = {}
        while pending:
            variable = pending.pop()
            if id(variable) in self.index:
                continue
            self.index[id(variable)] = len(self.variables)
            self.variables.append(variable)
            node = variable.owner
            if node is None or node in nodes or (variable is not root and _flat_of(variable) is not None):
                continue
            nodes[node] = None
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
        inside = [place for place, v in enumerate(self.variables) if v.owner in self.nodes]
        outside = [(place, v) for place, v in enumerate(self.variables) if v.owner not in self.nodes]
        classes, types, ops = _Column(), _Column(), _Column()
        held = _Column()
        for place in inside:
            variable = self.variables[place]
            classes.add(type(variable))
            types.add(variable.type)
            held.add_rest(variable, _OF_VARIABLE)
        kinds, rest = _Column(), _Column()
        reads, sizes, outputs = array("q"), array("q"), array("q")
        for node in self.nodes:
            kinds.add(type(node))
            ops.add(node.op)
            rest.add_rest(node, _OF_NODE)
            reads.extend([self.index[id(v)] for v in node.inputs])
            outputs.extend([self.index[id(v)] for v in node.outputs])
            sizes.extend((len(node.inputs), len(node.outputs)))
        shells = array("q", inside), *classes.packed
        nodes = kinds.packed, ops.packed, rest.packed, rest.odd, reads, outputs, sizes
        return _empty, (len(self.variables), shells), (outside, types.packed, held.packed, held.odd, nodes)

    @uncollected
    def __setstate__(self, state: tuple[Any, ...]) -> None:
        outside, types, held, odd, nodes = state
        variables = self.variables
        for place, variable in outside:
            variables[place] = variable
        for number, (place, type_, tag) in enumerate(zip(self.inside, _unpacked(types), _unpacked(held))):
            variable = variables[place]
            state_of = variable.__dict__
            state_of["tag"] = copy(tag)
            state_of["type"] = type_
            state_of["name"] = None
            state_of["auto_name"] = f"auto_{next(Variable._numbers)}"
            if number in odd:
                state_of.update(odd[number])
        kinds, ops, rest, odd, reads, outputs, sizes = nodes
        at = into = 0
        for number, (cls, op, tag) in enumerate(zip(_unpacked(kinds), _unpacked(ops), _unpacked(rest))):
            node = cls.__new__(cls)
            node.op, node.tag = op, copy(tag)
            if number in odd:
                node.__dict__.update(odd[number])
            n_in, n_out = sizes[2 * number], sizes[2 * number + 1]
            node.inputs = [variables[i] for i in reads[at : at + n_in]]
            node.outputs = [variables[i] for i in outputs[into : into + n_out]]
            at, into = at + n_in, into + n_out
            for place, output in enumerate(node.outputs):
                output.owner, output.index = node, place


_OF_VARIABLE = frozenset(("tag", "type", "name", "auto_name", "owner", "index", "fgraph", "_fn_cache"))
_OF_NODE = frozenset(("tag", "op", "inputs", "outputs", "fgraph"))


class _Column:
    """A value for each of many things, written as the different values and numbers: pickles of long graphs stay small.

    ``odd``: for those with more than the usual attributes, by number, these.
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.numbers = array("q")
        self.odd: dict[int, dict[str, Any]] = {}
        self._known: dict[Any, int] = {}

    def add(self, value: Any, key: Any = None) -> None:
        """Add the value of the next thing; values are one where their ``key`` is, by default where they are the same object."""
        key = id(value) if key is None else key
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.values)
            self.values.append(value)
        self.numbers.append(number)

    def add_rest(self, thing: Any, usual: frozenset[str]) -> None:
        """Add the tag of the next thing, which tells where it was made, and what it holds besides the ``usual`` attributes."""
        state = thing.__dict__
        tag = thing.tag
        odd = {name: value for name, value in state.items() if name not in usual} if not usual.issuperset(state) else {}
        if state.get("name") is not None:
            odd["name"] = state["name"]
        origin = tag.__dict__.get("origin")
        if type(tag) is not Scratchpad or len(tag.__dict__) > ("origin" in tag.__dict__):
            odd["tag"], tag, origin = tag, Scratchpad(), None
        if odd:
            self.odd[len(self.numbers)] = odd
        self.add(tag, _place(origin))

    @property
    def packed(self) -> tuple[list[Any], array[int]]:
        """The different values, and the number of each thing's."""
        return self.values, self.numbers


def _unpacked(column: tuple[list[Any], array[int]]) -> Iterator[Any]:
    values, numbers = column
    return map(values.__getitem__, numbers)


def _place(origin: Any) -> Any:
    """What makes two origins equal, nothing for none."""
    found: Any = ()
    while origin is not None:
        found = origin.file, origin.line, origin.function, found
        origin = origin.caller
    return found


def _empty(count: int, shells: tuple[Any, ...]) -> FlatGraph:
    flat = FlatGraph.__new__(FlatGraph)
    flat.variables = [None] * count  # type: ignore[list-item]
    flat.inside, classes, numbers = shells
    for place, cls in zip(flat.inside, _unpacked((classes, numbers))):
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
