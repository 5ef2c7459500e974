"""Where long graphs are cut, and which stretches of them are alike.

Long graphs repeat themselves: layers, steps of a loop written out, terms of a series. They are cut where they do, so that the
stretches between two cuts compute the same from other values, and one program serves for all of them. Constants
that only elementwise ops read are such values too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise

__all__ = ["Names", "Stretch", "cut"]

_SIZE = 800  # nodes of a stretch
_LONGEST_PERIOD = 16 * _SIZE
_GRAM = 16  # nodes that are compared with others
_NEAR = 64  # how far back a node may read to be told from others by it
# Ops for which numbers are better known: powers become products.
_KNOWING = {"pow", "int_div", "mod"}
_SIMPLE = {-1.0, 0.0, 0.5, 1.0, 2.0}  # written into code wherever they stand


class Names:
    """Numbers for things that may be equal without being the same: equal things have equal numbers."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int]] = {}  # with the thing, so that its id is not given to another one
        self._equal: dict[Any, int] = {}

    def of(self, thing: Any, value: Any = None) -> int:
        """Return the number of ``thing``, or of what it is worth (``value``)."""
        found = self._known.get(id(thing))
        if found is None:
            try:
                number = self._equal.setdefault(thing if value is None else value, len(self._equal))
            except TypeError:  # what cannot be hashed is equal to itself only
                number = self._equal.setdefault(("alone", id(thing)), len(self._equal))
            found = self._known[id(thing)] = thing, number
        return found[1]

    def of_type(self, type_: Any) -> int:
        """Return the number of a type; types whose sizes are known differ from others."""
        found = self._known.get(id(type_))
        return self.of(type_, (type_, getattr(type_, "shape", None))) if found is None else found[1]


def cut(order: Sequence[Apply], names: Names) -> list[Sequence[Apply]]:
    """Return ``order`` in stretches; where it repeats itself, by whole periods or equal parts of one."""
    place: dict[Variable, int] = {}
    codes: list[int] = []
    for i, node in enumerate(order):
        read = []
        for v in node.inputs:
            distance = i - place.get(v, -1)
            read.append(-2 if isinstance(v, Constant) else distance if distance <= min(_NEAR, i) else -1)
        codes.append(hash((names.of(node.op), *(names.of_type(v.type) for v in node.outputs), *read)))
        place.update(dict.fromkeys(node.outputs, i))
    ahead, last = [0] * len(order), {}
    for i in reversed(range(len(order))):
        gram = hash(tuple(codes[i : i + _GRAM]))
        ahead[i] = last.get(gram, 0) - i
        last[gram] = i
    found: list[Sequence[Apply]] = []
    start = 0
    while start < len(order):
        near = ahead[start : start + _SIZE]
        period, times = Counter(near).most_common(1)[0]
        sizes = [_SIZE]
        if 0 < period <= _LONGEST_PERIOD and times > len(near) // 2:
            if period <= _SIZE:
                sizes = [_SIZE // period * period]
            else:
                parts = -(-period // _SIZE)
                sizes = [period * (k + 1) // parts - period * k // parts for k in range(parts)]
        for size in sizes:
            if start < len(order):
                found.append(order[start : start + size])
            start += size
    return found


def _numbers(nodes: Sequence[Apply]) -> dict[Constant, None]:
    """The constants that are handed over: floats of one element that only elementwise ops read."""
    found: dict[Constant, None] = {}
    others: set[Constant] = set()
    for node in nodes:
        plain = isinstance(node.op, Elemwise) and node.op.scalar_op.declared not in _KNOWING
        for v in node.inputs:
            if isinstance(v, Constant):
                dtype = getattr(v.type, "dtype", None)
                if not plain or dtype not in ("float32", "float64") or v.data.size != 1 or v.data.item() in _SIMPLE:
                    others.add(v)
                else:
                    found[v] = None
    return {v: None for v in found if v not in others}


class Stretch:
    """Nodes that follow each other, the variables they are ``given``, those that later nodes read (``made``), and the constants
    whose values are handed over as arrays of numbers, by dtype (``numbers``: for each its array and its place there).

    Stretches of equal ``key`` compute the same from what they are given. Looks like a function graph to those who run it.
    """

    def __init__(self, nodes: Sequence[Apply], given: list[Variable], made: list[Variable], names: Names) -> None:
        self.nodes, self.inputs, self.outputs = nodes, given, made
        tables: dict[str, list[Constant]] = {}
        self.numbers: dict[Constant, tuple[str, int]] = {}
        for constant in _numbers(nodes):
            table = tables.setdefault(constant.type.dtype, [])  # type: ignore[attr-defined]
            self.numbers[constant] = constant.type.dtype, len(table)  # type: ignore[attr-defined]
            table.append(constant)
        self.tables = tables
        self.key = self._key(names)

    def _key(self, names: Names) -> Any:
        own: dict[Variable, Any] = {v: k for k, v in enumerate(self.inputs)}
        parts: list[Any] = [tuple([names.of_type(v.type) for v in self.inputs])]
        for node in self.nodes:
            parts.append(names.of(node.op))
            for v in node.inputs:
                place = own.get(v)
                if place is None:
                    number = self.numbers.get(v)  # type: ignore[call-overload]
                    place = ("value", names.of(v, v.signature())) if number is None else number  # type: ignore[attr-defined]
                    own[v] = place = (*place, names.of_type(v.type))
                parts.append(place)
            for v in node.outputs:
                parts.append(names.of_type(v.type))
                own[v] = len(own)
        parts.append(tuple([own[v] for v in self.outputs]))
        return tuple(parts)

    def toposort(self) -> Sequence[Apply]:
        """Return the nodes."""
        return self.nodes
