"""Orders by dependence: Theano's ``theano.gof.sched``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply
from theon.legacy.markers import undef
from theon.legacy.sequences import reverse_dict

__all__ = [
    "key_to_cmp",
    "make_dependence_cmp",
    "make_depends",
    "posort",
    "sort_apply_nodes",
    "sort_schedule_fn",
    "toposort",
]


def toposort(prereqs_d: dict[Any, Iterable[Any]]) -> list[Any]:
    """Return the keys of a dict from things to what they need, each after what it needs; Exception for a cycle.

    >>> toposort({2: [1], 3: [2], 1: []})
    [1, 2, 3]
    """
    left = {thing: set(needs) for thing, needs in prereqs_d.items()}
    for thing in [n for needs in list(left.values()) for n in needs]:
        left.setdefault(thing, set())
    readers = reverse_dict(left)
    ready = [thing for thing, needs in left.items() if not needs]
    order = []
    while ready:
        thing = ready.pop(0)
        order.append(thing)
        for reader in readers.get(thing, ()):
            left[reader].discard(thing)
            if not left[reader]:
                ready.append(reader)
    if len(order) < len(left):
        raise Exception(f"Cannot sort: the rest needs itself: {[t for t, needs in left.items() if needs]}")
    return order


def make_depends() -> Callable[[Any], bool]:
    """Return a function of a pair of nodes that tells whether the first needs the second, directly or not."""
    above: dict[Apply, set[Apply]] = {}

    def depends(pair: tuple[Any, Any]) -> bool:
        a, b = pair
        if a not in above:
            above[a] = set(io_toposort([], a.inputs))
        return b in above[a]

    return depends


def make_dependence_cmp() -> Callable[[Any, Any], int]:
    """Return a comparison of nodes: 1 where the first needs the second, -1 the other way round, else 0."""
    depends = make_depends()

    def dependence(a: Any, b: Any) -> int:
        if depends((a, b)):
            return 1
        return -1 if depends((b, a)) else 0

    return dependence


def key_to_cmp(key: Callable[[Any], Any]) -> Callable[[Any, Any], int]:
    """Return the comparison (-1, 0, 1) that sorting by ``key`` makes."""

    def compare(a: Any, b: Any) -> int:
        x, y = key(a), key(b)
        return (x > y) - (x < y)

    return compare


def posort(l: Iterable[Any], *cmps: Callable[[Any, Any], int]) -> list[Any]:
    """Return ``l`` in an order in which no element comes after one that a comparison puts behind it.

    Comparisons need not decide every pair; an earlier one wins over a later. AssertionError if they make a cycle.

    >>> posort([3, 1, 4, 2], lambda a, b: (a % 2) - (b % 2), lambda a, b: a - b)
    [2, 4, 1, 3]
    """
    things = list(l)
    before: OrderedDict[Any, set[Any]] = OrderedDict((x, set()) for x in things)

    def reaches(a: Any, b: Any) -> bool:
        stack, seen = [a], set()
        while stack:
            x = stack.pop()
            if x is b:
                return True
            if x not in seen:
                seen.add(x)
                stack.extend(before[x])
        return False

    for compare in cmps:
        for a in things:
            for b in things:
                if a is not b and compare(a, b) > 0 and b not in before[a] and not reaches(b, a):
                    before[a].add(b)
    order: list[Any] = []
    while before:
        free = next((x for x, needs in before.items() if not needs), undef)
        if free is undef:
            raise AssertionError("the comparisons go round in a circle")
        order.append(free)
        del before[free]
        for needs in before.values():
            needs.discard(free)
    return order


def sort_apply_nodes(inputs: Any, outputs: Any, cmps: Sequence[Callable[[Any, Any], int]]) -> list[Apply]:
    """Return the nodes between ``inputs`` and ``outputs``, each after those it needs, else as the comparisons say."""
    return posort(io_toposort(inputs, outputs), make_dependence_cmp(), *cmps)


def sort_schedule_fn(*cmps: Callable[[Any, Any], int]) -> Callable[[Any], list[Apply]]:
    """Return a function from a FunctionGraph to its nodes in the order of :func:`sort_apply_nodes`.

    For the ``schedule`` of a linker: ``PerformLinker(schedule=sort_schedule_fn(compare))``.
    """
    dependence = make_dependence_cmp()

    def schedule(fgraph: Any) -> list[Apply]:
        return posort(fgraph.toposort(), dependence, *cmps)

    return schedule
