"""Whether two numbers of elements are the same in every call: sums, differences, the larger and the smaller one in one form.

A number made of sizes by ``+``, ``-``, ``maximum`` and ``minimum`` is the largest of several numbers, each the smallest of
several sums of sizes (sums distribute over both, and each of both over the other). What is never the largest, or never the
smallest, goes: sizes are not negative. Numbers of the same form are equal; others may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from theon.graph.variable import Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.join import MakeVector
from theon.ops.regions import Subtensor
from theon.ops.shape import Shape, Shape_i
from theon.ops.sizes import Sizes, add_sizes
from theon.rewrite.match import dimension

__all__ = ["Form", "Forms"]

# A sum: pairs of (what is counted, how often) and a number; what is counted is a key: ("size", variable, dimension), ...
Sum = tuple[frozenset[tuple[Any, int]], int]
Form = frozenset[frozenset[Sum]]  # the largest of the smallest of sums

_MANY = 12  # forms of more parts are not taken apart


def _number(n: int) -> Form:
    return frozenset([frozenset([(frozenset(), n)])])


def _atom(key: Any) -> Form:
    return frozenset([frozenset([(frozenset([(key, 1)]), 0)])])


def _plus(a: Sum, b: Sum, sign: int = 1) -> Sum:
    counts = dict(a[0])
    for key, n in b[0]:
        counts[key] = counts.get(key, 0) + sign * n
    return frozenset((key, n) for key, n in counts.items() if n), a[1] + sign * b[1]


def _never_larger(a: Sum, b: Sum) -> bool:
    """Whether ``a <= b`` whatever the sizes are."""
    counts, n = _plus(b, a, -1)
    return n >= 0 and all(k > 0 and key[0] == "size" for key, k in counts)


def _never_negative(form: Form) -> bool:
    zero: Sum = (frozenset(), 0)
    return any(all(_never_larger(zero, s) for s in part) for part in form)


def _smallest(sums: Iterable[Sum]) -> frozenset[Sum]:
    kept: list[Sum] = []
    for s in dict.fromkeys(sums):
        if not any(_never_larger(other, s) for other in kept):
            kept = [other for other in kept if not _never_larger(s, other)] + [s]
    return frozenset(kept)


def _largest(parts: Iterable[frozenset[Sum]]) -> Form:
    def below(a: frozenset[Sum], b: frozenset[Sum]) -> bool:
        return all(any(_never_larger(x, y) for x in a) for y in b)

    kept: list[frozenset[Sum]] = []
    for part in dict.fromkeys(parts):
        if not any(below(part, other) for other in kept):
            kept = [other for other in kept if not below(other, part)] + [part]
    return frozenset(kept)


def _sum(a: Form, b: Form) -> Form:
    return _largest(_smallest(_plus(x, y) for x in p for y in q) for p in a for q in b)


def _minimum(a: Form, b: Form) -> Form:
    return _largest(_smallest([*p, *q]) for p in a for q in b)


def _negative(a: Form) -> Form | None:
    """``-a``: the smallest of the largest becomes the largest of the smallest."""
    zero: Sum = (frozenset(), 0)
    choices: list[list[Sum]] = [[]]
    for part in a:
        choices = [[*chosen, _plus(zero, s, -1)] for chosen in choices for s in part]
        if len(choices) > _MANY:
            return None
    return _largest(_smallest(chosen) for chosen in choices)


class Forms:
    """The forms of scalar variables of one graph, each found once."""

    def __init__(self) -> None:
        self._found: dict[Variable, Form] = {}
        self._sizes: Sizes = {}
        self._open: set[Variable] = set()

    def of(self, v: Variable) -> Form:
        """The form of an integer scalar: equal forms, equal numbers."""
        if v not in self._found:
            if v in self._open or len(self._open) > 100:
                return _atom(("scalar", v))
            self._open.add(v)
            self._found[v] = self._made(v)
            self._open.discard(v)
        return self._found[v]

    def _made(self, v: Any) -> Form:
        if isinstance(v, Constant):
            return _number(int(np.asarray(v.data)))
        node = v.owner
        if node is None:
            return _atom(("scalar", v))
        if isinstance(node.op, Shape_i):
            return self.size(node.inputs[0], node.op.i)
        if isinstance(node.op, Subtensor):
            element = self._element(node)
            return _atom(("scalar", v)) if element is None else element
        if isinstance(node.op, Elemwise):
            found = self._computed(node)
            if found is not None and sum(map(len, found)) <= _MANY:
                return found
            return _atom((node.op, *(self.of(x) for x in node.inputs)))
        return _atom(("scalar", v))

    def _computed(self, node: Any) -> Form | None:
        kind = node.op.scalar_op.kind
        if kind == "Cast{int64}":
            (x,) = node.inputs
            return self.of(x) if x.type.dtype.startswith(("int", "uint", "bool")) else None
        if kind == "switch" and (condition := node.inputs[0].owner) is not None and isinstance(condition.op, Elemwise):
            # How slices take what may count from the end.
            if condition.op.scalar_op.kind == "lt" and self.of(condition.inputs[1]) == _number(0):
                return self.of(node.inputs[2]) if _never_negative(self.of(condition.inputs[0])) else None
            return None
        if kind == "neg":
            return _negative(self.of(node.inputs[0]))
        if kind not in ("add", "sub", "maximum", "minimum", "identity") or node.outputs[0].type.dtype != "int64":
            return None
        first, *rest = (self.of(x) for x in node.inputs)
        for form in rest:
            if len(first) * len(form) > _MANY:
                return None
            if kind == "maximum":
                first = _largest([*first, *form])
            elif kind == "minimum":
                first = _minimum(first, form)
            else:
                other = form if kind == "add" else _negative(form)
                if other is None:
                    return None
                first = _sum(first, other)
        return first

    def _element(self, node: Any) -> Form | None:
        """An element of a shape, or of a vector put together from scalars."""
        vector, *numbers = node.inputs
        if vector.owner is None or len(node.op.idx_list) != 1 or isinstance(node.op.idx_list[0], slice):
            return None
        place = numbers[0] if numbers else node.op.idx_list[0]
        if isinstance(place, Variable) and not isinstance(place, Constant):
            return None
        i = int(np.asarray(place.data if isinstance(place, Constant) else place))
        if isinstance(vector.owner.op, Shape):
            array = vector.owner.inputs[0]
            return self.size(array, i % array.type.ndim) if -array.type.ndim <= i < array.type.ndim else None
        if isinstance(vector.owner.op, MakeVector) and -len(vector.owner.inputs) <= i < len(vector.owner.inputs):
            return self.of(vector.owner.inputs[i])
        return None

    def size(self, array: Variable, place: int) -> Form:
        """The form of the size of an array along a dimension."""
        where = dimension(array, place)
        if isinstance(where, int):
            return _number(where)
        if isinstance(where, Variable):
            return self.of(where)
        array, place = where
        if array not in self._sizes:
            add_sizes(self._sizes, [array])
        known = self._sizes[array]
        own = _atom(("size", array, place))
        if known is None or place >= len(known):
            return own
        n: Any = known[place]
        if n.owner is not None and isinstance(n.owner.op, Shape_i) and n.owner.inputs[0] is array:
            return own
        return self.of(n.astype("int64"))
