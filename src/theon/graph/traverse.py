"""Walks over graphs. Nothing here recurses, so depth is limited by memory only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from theon.graph.variable import Apply, Constant, Variable

__all__ = [
    "ancestors",
    "clone",
    "clone_get_equiv",
    "clone_replace",
    "equal_computations",
    "general_toposort",
    "inputs",
    "io_toposort",
    "is_same_graph",
    "list_of_nodes",
    "orphans",
    "stack_search",
    "variables",
    "variables_and_orphans",
    "view_roots",
]


def io_toposort(
    inputs: Iterable[Variable], outputs: Iterable[Variable], orderings: Any = None, clients: Any = None
) -> list[Apply]:
    """Return the nodes between ``inputs`` and ``outputs``, each after those it needs."""
    stop = inputs if isinstance(inputs, set) else set(inputs)
    order: list[Apply] = []
    done: set[Apply] = set()
    # None stands above a node all of whose inputs have been seen to.
    stack: list[Apply | None] = [v.owner for v in reversed(list(outputs)) if v.owner is not None and v not in stop]
    pop, push = stack.pop, stack.append
    while stack:
        node = pop()
        if node is None:
            node = pop()
            assert node is not None
            done.add(node)
            order.append(node)
            continue
        if node in done:
            continue
        push(node)
        push(None)
        for variable in reversed(node.inputs):
            owner = variable.owner
            if owner is not None and owner not in done and variable not in stop:
                push(owner)
        if orderings:
            stack.extend(before for before in orderings.get(node, ()) if before not in done)
    return order


def list_of_nodes(inputs: Iterable[Variable], outputs: Iterable[Variable]) -> list[Apply]:
    """Return the nodes between ``inputs`` and ``outputs``."""
    return io_toposort(inputs, outputs)


def ancestors(variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None) -> list[Variable]:
    """Return every variable that these are computed from, themselves included, not going above ``blockers``."""
    stop = set(blockers or ())
    seen: dict[Variable, None] = {}
    stack = list(reversed(list(variable_list)))
    while stack:
        variable = stack.pop()
        if variable in seen:
            continue
        seen[variable] = None
        if variable.owner is not None and variable not in stop:
            stack.extend(reversed(variable.owner.inputs))
    return list(seen)


def inputs(variable_list: Iterable[Variable], blockers: Iterable[Variable] | None = None) -> list[Variable]:
    """Return the variables without an owner (constants too) that these are computed from."""
    return [v for v in ancestors(variable_list, blockers) if v.owner is None]


def variables_and_orphans(i: Iterable[Variable], o: Iterable[Variable]) -> tuple[list[Variable], list[Variable]]:
    """Return all variables between ``i`` and ``o``, and those of them without an owner that are not in ``i``."""
    given = set(i)
    found = {v: None for v in ancestors(o, given)}
    for node in {v.owner for v in found if v.owner is not None and v not in given}:
        found.update(dict.fromkeys(node.outputs))
    everything = list(found)
    return everything, [v for v in everything if v.owner is None and v not in given]


def variables(i: Iterable[Variable], o: Iterable[Variable]) -> list[Variable]:
    """Return all variables between ``i`` and ``o``."""
    return variables_and_orphans(i, o)[0]


def orphans(i: Iterable[Variable], o: Iterable[Variable]) -> list[Variable]:
    """Return the variables above ``o`` without an owner that are not in ``i``."""
    return variables_and_orphans(i, o)[1]


def stack_search(start: Iterable[Any], expand: Callable[[Any], Any], mode: str = "bfs", build_inv: bool = False) -> Any:
    """Return what ``expand`` reaches from ``start``, breadth or depth first; ``None`` from ``expand`` adds nothing."""
    if mode not in ("bfs", "dfs"):
        raise ValueError("mode should be bfs or dfs", mode)
    pending = deque(start)
    seen: dict[Any, None] = {}
    inverse: dict[Any, list[Any]] = {}
    while pending:
        thing = pending.popleft() if mode == "bfs" else pending.pop()
        if thing in seen:
            continue
        seen[thing] = None
        for further in expand(thing) or ():
            if build_inv:
                inverse.setdefault(further, []).append(thing)
            pending.append(further)
    return (list(seen), inverse) if build_inv else list(seen)


def clone_get_equiv(
    inputs: Iterable[Variable],
    outputs: Iterable[Variable],
    copy_inputs: bool = True,
    copy_orphans: bool = True,
    memo: dict[Any, Any] | None = None,
) -> dict[Any, Any]:
    """Copy the graph between ``inputs`` and ``outputs``; return the dict from old variables and nodes to new ones.

    Shared variables among the inputs are kept where ``copy_inputs`` is false, constants where ``copy_orphans`` is false.
    """
    equiv: dict[Any, Any] = {} if memo is None else memo
    for variable in inputs:
        equiv.setdefault(variable, variable.clone() if copy_inputs else variable)
    outputs = list(outputs)
    for node in io_toposort([v for v in equiv if isinstance(v, Variable)], outputs):
        if node in equiv:
            continue
        new_inputs = []
        for variable in node.inputs:
            new = equiv.get(variable)
            if new is None:
                new = equiv[variable] = variable.clone() if copy_orphans and variable.owner is None else variable
            new_inputs.append(new)
        new_node = node.clone_with_new_inputs(new_inputs) if new_inputs else node.clone()
        equiv[node] = new_node
        for old, new in zip(node.outputs, new_node.outputs):
            equiv.setdefault(old, new)
    for output in outputs:
        if output not in equiv:
            equiv[output] = output.clone() if copy_orphans and output.owner is None else output
    return equiv


def clone(
    i: Sequence[Variable], o: Sequence[Variable], copy_inputs: bool = True, copy_orphans: bool | None = None
) -> tuple[list[Variable], list[Variable]]:
    """Return copies of ``i`` and ``o`` with the graph between them copied."""
    equiv = clone_get_equiv(i, o, copy_inputs, copy_inputs if copy_orphans is None else copy_orphans)
    return [equiv[v] for v in i], [equiv[v] for v in o]


def clone_replace(
    outputs: Sequence[Variable], replace: dict[Variable, Any], rebuild_strict: bool = True, everything: bool = False
) -> list[Variable]:
    """Return ``outputs`` computed with the keys of ``replace`` taken as the values; the original is not touched.

    Nodes that no replacement reaches are the same in both graphs, unless ``everything`` is to be copied.
    """
    new: dict[Variable, Variable] = {}
    for old, value in replace.items():
        new[old] = old.type.filter_variable(value) if rebuild_strict or not isinstance(value, Variable) else value
    for node in io_toposort(replace.keys(), outputs):
        if not everything and not any(v in new for v in node.inputs):
            continue
        copied = node.clone_with_new_inputs([new.get(v, v) for v in node.inputs], strict=rebuild_strict)
        copied.tag.__dict__.update(node.tag.__dict__)
        for before, after in zip(node.outputs, copied.outputs):
            if before not in new:
                if after.name is None:
                    after.name = before.name
                new[before] = after
    return [new.get(v, v) for v in outputs]


def general_toposort(
    outputs: Iterable[Any], deps: Callable[[Any], Any], debug_print: bool = False, compute_deps_cache: Any = None,
    deps_cache: Any = None, clients: Any = None,
) -> list[Any]:  # fmt: skip
    """Return everything reachable through ``deps``, each after what it depends on; ValueError for a cycle."""
    order: list[Any] = []
    state: dict[Any, bool] = {}
    stack: list[tuple[Any, bool]] = [(thing, False) for thing in reversed(list(outputs))]
    while stack:
        thing, expanded = stack.pop()
        if expanded:
            state[thing] = True
            order.append(thing)
            continue
        if thing in state:
            if not state[thing] and any(other is thing and after for other, after in stack):
                raise ValueError("graph contains cycles")
            continue
        state[thing] = False
        stack.append((thing, True))
        for before in deps(thing) or ():
            if state.get(before) is False:
                raise ValueError("graph contains cycles")
            if before not in state:
                stack.append((before, False))
    return order


def equal_computations(
    xs: Sequence[Variable], ys: Sequence[Variable], in_xs: Sequence[Variable] = (), in_ys: Sequence[Variable] = ()
) -> bool:
    """Whether two lists of variables compute the same from inputs that correspond (by position, else by identity)."""
    if len(xs) != len(ys) or len(in_xs) != len(in_ys):
        return False
    same: dict[Variable, Variable] = dict(zip(in_xs, in_ys))
    stack = list(zip(xs, ys))
    while stack:
        x, y = stack.pop()
        if x in same:
            if same[x] is not y:
                return False
            continue
        if isinstance(x, Constant) or isinstance(y, Constant):
            if not (isinstance(x, Constant) and isinstance(y, Constant) and x.equals(y)):
                return False
        elif x.owner is None or y.owner is None:
            if x is not y:
                return False
        else:
            if x.owner.op != y.owner.op or x.index != y.index or len(x.owner.inputs) != len(y.owner.inputs):
                return False
            stack.extend(zip(x.owner.inputs, y.owner.inputs))
        same[x] = y
    return True


def is_same_graph(var1: Variable, var2: Variable, givens: Any = None, debug: bool = False) -> bool:
    """Whether two variables are computed by equal graphs, with ``givens`` replaced in both first."""
    if givens:
        pairs = dict(givens.items() if isinstance(givens, dict) else givens)
        var1, var2 = clone_replace([var1, var2], pairs)
    return equal_computations([var1], [var2])


def view_roots(r: Variable) -> list[Variable]:
    """Return the variables that ``r`` is a view of, through the ops' ``view_map``."""
    roots: list[Variable] = []
    stack = [r]
    while stack:
        variable = stack.pop()
        node = variable.owner
        views = getattr(node.op, "view_map", {}) if node is not None else {}
        if node is not None and variable.index in views:
            stack.extend(node.inputs[i] for i in views[variable.index])
        else:
            roots.append(variable)
    return roots
