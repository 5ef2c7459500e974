"""Questions about graphs: what is in them, what depends on what, and a one-line text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theon.graph.traverse import io_toposort, is_same_graph
from theon.graph.variable import Apply, Variable

__all__ = [
    "NoParams",
    "as_string",
    "connection_pattern_of",
    "default_node_formatter",
    "give_variables_names",
    "io_connection_pattern",
    "is_in_ancestors",
    "is_same_graph_with_merge",
    "nodes_constructed",
    "op_as_string",
    "ops",
]

NoParams = object()  # what an op's params are when it has none


def ops(i: Iterable[Variable], o: Iterable[Variable]) -> set[Apply]:
    """Return the nodes between the variables ``i`` and ``o``."""
    return set(io_toposort(i, o))


def is_in_ancestors(l_node: Apply, f_node: Apply) -> bool:
    """Whether node ``l_node`` is ``f_node`` or computed from what it computes."""
    return f_node in io_toposort([], l_node.outputs)


def is_same_graph_with_merge(var1: Variable, var2: Variable, givens: Any = None) -> bool:
    """Whether two variables are computed by equal graphs, with ``givens`` replaced in both first."""
    return is_same_graph(var1, var2, givens)


def connection_pattern_of(node: Apply) -> list[list[bool]]:
    """Return, for each input of the node, which outputs depend on its elements; ValueError for a bad pattern."""
    method = getattr(node.op, "connection_pattern", None)
    if method is None:
        return [[True] * len(node.outputs) for _ in node.inputs]
    found = method(node)
    if (
        not isinstance(found, list)
        or len(found) != len(node.inputs)
        or any(len(row) != len(node.outputs) for row in found)
    ):
        raise ValueError(
            f"{node.op}.connection_pattern should return {len(node.inputs)} lists of {len(node.outputs)} flags, it returned {found}"
        )
    return found


def io_connection_pattern(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> list[list[bool]]:
    """Return, for each variable of ``inputs``, for which of ``outputs`` it has a gradient through the ops between them."""
    known: dict[Variable, list[bool]] = {v: [v is i for i in inputs] for v in inputs}
    nothing = [False] * len(inputs)
    for node in io_toposort(inputs, outputs):
        pattern = connection_pattern_of(node)
        above = [known.get(v, nothing) for v in node.inputs]
        for place, output in enumerate(node.outputs):
            if output not in known:
                rows = [row for row, flags in zip(above, pattern) if flags[place]]
                known[output] = [any(flags) for flags in zip(*rows)] if rows else nothing
    return [[known.get(output, nothing)[place] for output in outputs] for place in range(len(inputs))]


def default_node_formatter(op: Apply, argstrings: Sequence[str]) -> str:
    """Return the text of a node whose arguments have the texts ``argstrings``: a call of its op."""
    return f"{op.op}({', '.join(argstrings)})"


def as_string(
    i: Sequence[Variable],
    o: Sequence[Variable],
    leaf_formatter: Callable[[Any], str] = str,
    node_formatter: Callable[[Any, Sequence[str]], str] = default_node_formatter,
) -> list[str]:
    """Return a text for each variable of ``o``, computed from ``i``.

    A node that is read more than once is written once, as ``*1 -> ...``, and is ``*1`` from then on; output ``k`` of a node
    with several is marked by ``::k``.
    """
    stop = set(i)
    readers: dict[Apply, int] = {}
    for variable in [*o, *(v for node in io_toposort(i, o) for v in node.inputs)]:
        if variable.owner is not None and variable not in stop:
            readers[variable.owner] = readers.get(variable.owner, 0) + 1
    number: dict[Apply, int] = {}
    results: list[str] = []
    for root in o:
        # Each entry: a variable, and, once its node is open, where the texts of the arguments begin on ``texts``.
        stack: list[tuple[Variable, int | None]] = [(root, None)]
        texts: list[str] = []
        while stack:
            variable, start = stack.pop()
            node = variable.owner
            if node is None or variable in stop:
                texts.append(leaf_formatter(variable))
                continue
            which = f"::{node.outputs.index(variable)}" if len(node.outputs) > 1 else ""
            if start is not None:
                text = node_formatter(node, texts[start:])
                del texts[start:]
                texts.append(f"*{number[node]} -> {text}" if node in number else text)
            elif node in number:
                texts.append(f"*{number[node]}{which}")
            else:
                if readers[node] > 1:
                    number[node] = len(number) + 1
                stack.append((variable, len(texts)))
                stack.extend((v, None) for v in reversed(node.inputs))
        results.extend(texts)
    return results


def op_as_string(
    i: Sequence[Variable],
    op: Apply,
    leaf_formatter: Callable[[Any], str] = str,
    node_formatter: Callable[[Any, Sequence[str]], str] = default_node_formatter,
) -> str:
    """Return the text of node ``op``, whose inputs are computed from ``i``; see :func:`as_string`."""
    return node_formatter(op, as_string(i, op.inputs, leaf_formatter, node_formatter))


@contextmanager
def nodes_constructed() -> Iterator[list[Variable]]:
    """Within the block, collect every variable that is made into the list that the block is given.

    >>> import theon.tensor as T
    >>> with nodes_constructed() as made:
    ...     x = T.dscalar("x")
    >>> made
    [x]
    """
    made: list[Variable] = []
    Variable.append_construction_observer(made.append)
    try:
        yield made
    finally:
        Variable.remove_construction_observer(made.append)


def give_variables_names(variables: Iterable[Variable]) -> list[Variable]:
    """Give each variable a name of its own, and return them.

    Names that only one variable has are kept; to the others is added ``_0``, ``_1`` and so on. ValueError if names still clash.
    """
    found = list(variables)
    names = [v.name for v in found]
    for place, variable in enumerate([v for v in found if not v.name or names.count(v.name) > 1]):
        variable.name = f"{variable.name or ''}_{place}"
    if len({v.name for v in found}) < len(found):
        raise ValueError(f"The variables have no names of their own: {', '.join(str(v.name) for v in found)}")
    return found
