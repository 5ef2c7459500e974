"""Names of Theano's last, rearranged layout (``theano.graph``), which PyMC3 3.11 uses: the walks there are generators."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from theon.graph import testvalue, traverse
from theon.graph.variable import Apply, Variable

__all__ = [
    "TestValueError",
    "ancestors",
    "applys_between",
    "get_test_value",
    "get_test_values",
    "graph_inputs",
    "orphans_between",
    "vars_between",
    "walk",
]


class TestValueError(AttributeError):
    """A test value is needed and missing, or of the wrong kind; an AttributeError, as in the older layout."""

    __module__ = "theano.graph.utils"
    __test__ = False  # no test, though its name begins so


def walk(
    nodes: Iterable[Any],
    expand: Callable[[Any], Sequence[Any] | None],
    bfs: bool = True,
    return_children: bool = False,
    hash_fn: Callable[[Any], Hashable] = id,
) -> Iterator[Any]:
    """Yield ``nodes`` and what ``expand`` finds from them, each once, breadth first or depth first.

    With ``return_children``, pairs of a node and what ``expand`` returned for it.

    >>> list(walk([3], lambda n: [n - 1] if n else None))
    [3, 2, 1, 0]
    """
    waiting = deque(nodes)
    seen: set[Hashable] = set()
    while waiting:
        node = waiting.popleft() if bfs else waiting.pop()
        key = hash_fn(node)
        if key in seen:
            continue
        seen.add(key)
        found = expand(node)
        yield (node, found) if return_children else node
        if found:
            waiting.extend(found)


def ancestors(graphs: Iterable[Variable], blockers: Iterable[Variable] | None = None) -> Iterator[Variable]:
    """Yield every variable that ``graphs`` are computed from, themselves included, not going above ``blockers``."""
    yield from traverse.ancestors(graphs, blockers)


def graph_inputs(graphs: Iterable[Variable], blockers: Iterable[Variable] | None = None) -> Iterator[Variable]:
    """Yield the variables above ``graphs`` that no node computes."""
    yield from traverse.inputs(graphs, blockers)


def vars_between(ins: Iterable[Variable], outs: Iterable[Variable]) -> Iterator[Variable]:
    """Yield the variables that ``outs`` are computed from, ``ins`` included, not going above ``ins``."""
    yield from traverse.ancestors(outs, ins)


def orphans_between(ins: Iterable[Variable], outs: Iterable[Variable]) -> Iterator[Variable]:
    """Yield the leaves, constants included, that ``outs`` need besides ``ins``."""
    given = set(ins)
    yield from (v for v in vars_between(given, outs) if v.owner is None and v not in given)


def applys_between(ins: Iterable[Variable], outs: Iterable[Variable]) -> Iterator[Apply]:
    """Yield the nodes between ``ins`` and ``outs``, each after those it needs."""
    yield from traverse.io_toposort(list(ins), list(outs))


def get_test_value(v: Any) -> Any:
    """Return the test value of ``v``; TestValueError where it has none."""
    try:
        return testvalue.get_test_value(v)
    except AttributeError as error:
        raise TestValueError(*error.args) from None


def get_test_values(*args: Variable) -> list[tuple[Any, ...]]:
    """Return a list of one tuple, the test values of ``args``; an empty list where they are off or ignored and missing."""
    return list(testvalue.get_debug_values(*args))
