"""Loops that run the same number of steps become one: equal ones make their steps once, others make them side by side.

Which numbers of steps are equal is known from sizes (:mod:`theon.rewrite.sizes`): one loop may run over ``x[1:]`` and another
over ``x[:-1]``. No loop is merged with one that it needs the results of, nor with one that a lazy choice may leave out, nor
one that can be native code with one that may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from theon.control.scan_op import Scan
from theon.control.steady import all_steady, from_shapes
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import clone_replace, equal_computations, io_toposort
from theon.graph.variable import Apply
from theon.ops.regions import Subtensor
from theon.rewrite.rules.branches import guards
from theon.rewrite.rules.loop_parts import Parts, loops_of
from theon.rewrite.sizes import Forms
from theon.tensor.type import TensorType

__all__ = ["merge_loops"]


def merge_loops(fgraph: FunctionGraph) -> int:
    """Merge the loops that run the same number of steps; return how many loops are gone."""
    return _merge_equal(fgraph) + _merge_alike(fgraph)


def _merge_equal(fgraph: FunctionGraph) -> int:
    """Loops that make the same steps from the same values become one, which keeps what any of them kept."""
    groups: dict[Any, list[Apply]] = {}
    for node in loops_of(fgraph):
        op: Any = node.op
        groups.setdefault((replace(op.info, n_collected=0), str(op.mode), *node.inputs), []).append(node)
    count = 0
    for nodes in groups.values():
        # The one that keeps most first.
        nodes.sort(key=lambda node: -len(node.outputs))
        while len(nodes) > 1:
            first, *rest = nodes
            alike = [node for node in rest if _same_steps(first.op, node.op)]
            nodes = [node for node in rest if node not in alike]
            if not alike:
                continue
            parts = Parts.of(first)
            n_states = len(parts.states)
            wanted: list[tuple[Any, int]] = []
            for node in alike:
                own: Any = node.op
                moved = clone_replace(own.outputs, dict(zip(own.inputs, first.op.inputs)))  # type: ignore[attr-defined]
                for v, out in zip(moved[n_states : n_states + own.info.n_collected], node.outputs[n_states:]):
                    same = (c[0] for c in parts.collected if equal_computations([c[0]], [v]))
                    wanted.append((out, parts.collect(next(same, v))))
            found = parts.build(fgraph, "merge_loops")
            rows, last = found[n_states:], found[n_states + len(parts.collected) :]
            pairs = [(out, rows[place]) for out, place in wanted]
            for node in alike:
                pairs += zip(node.outputs[:n_states], found)
                pairs += zip(node.outputs[n_states + node.op.info.n_collected :], last)  # type: ignore[attr-defined]
            for old, new in pairs:
                fgraph.replace(old, old.type.filter_variable(new), reason="merge_loops")
            count += len(alike)
    return count


def _same_steps(a: Any, b: Any) -> bool:
    def moving(op: Any) -> list[Any]:
        first, last = len(op.info.taps), len(op.info.taps) + op.info.n_collected
        return [*op.outputs[:first], *op.outputs[last:]]

    if [v.type for v in a.inputs] != [v.type for v in b.inputs]:
        return False
    return equal_computations(moving(a), moving(b), a.inputs, b.inputs)


# --- side by side -----------------------------------------------------------------------------------------------------


def _merge_alike(fgraph: FunctionGraph) -> int:
    """Loops that make other steps, but as many, make them side by side."""
    nodes = loops_of(fgraph)
    if len(nodes) < 2:
        return 0
    forms, guarded, needs = Forms(), guards(fgraph), _needs(fgraph, nodes)
    groups: list[tuple[Any, list[Apply]]] = []
    for node in nodes:
        op: Any = node.op
        key = (forms.of(node.inputs[0]), str(op.mode), op.as_while, guarded.get(node, ()), _native(op))
        for known, group in groups:
            apart = known == key and not any(node in needs[other] or other in needs[node] for other in group)
            if apart and (not op.as_while or _side_by_side([group[0], node], forms) is not None):
                group.append(node)
                _share(needs, group)
                break
        else:
            groups.append((key, [node]))
    count = 0
    for _, group in groups:
        made = _side_by_side(group, forms) if len(group) > 1 else None
        if made is None:
            continue
        parts, equal = made
        found = dict(zip(parts.targets(), parts.build(fgraph, "merge_loops")))
        for target, kept in equal:
            fgraph.replace(target, target.type.filter_variable(found[kept]), reason="merge_loops")
        count += len(group) - 1
    return count


def _native(op: Any) -> bool:
    """Whether no step needs memory of another size than the step before, nor values that are no tensors."""
    if op.mode not in (None, "FAST_RUN"):
        return False
    given, shaped = list(op.inputs), list[Any]()
    fixed = op.inner_parts()[3]
    for node in io_toposort(op.inputs, op.outputs):
        if not all(isinstance(v.type, TensorType) for v in [*node.inputs, *node.outputs]):
            return False
        if isinstance(node.op, Scan):
            if node.op.as_while or not from_shapes(node.inputs[0], shaped, fixed) or not _native(node.op):
                return False
            shaped += node.inputs[1:]
            given += node.outputs
        else:
            shaped += node.outputs
    return all(isinstance(v.type, TensorType) for v in op.inputs) and all_steady(shaped, given, fixed)


def _needs(fgraph: FunctionGraph, nodes: Sequence[Apply]) -> dict[Apply, set[Apply]]:
    """For each loop those whose results it needs, itself among them."""
    number = {node: 1 << i for i, node in enumerate(nodes)}
    behind: dict[Apply, int] = {}
    for node in fgraph.toposort():
        found = number.get(node, 0)
        for v in node.inputs:
            if v.owner is not None:
                found |= behind[v.owner]
        behind[node] = found
    return {node: {other for other in nodes if behind[node] & number[other]} for node in nodes}


def _share(needs: dict[Apply, set[Apply]], group: Sequence[Apply]) -> None:
    """Let whoever needs one of a group need all of it, and what that needs."""
    whole = {other for node in group for other in needs[node]}
    for own in needs.values():
        if any(node in own for node in group):
            own |= whole


def _side_by_side(group: Sequence[Apply], forms: Forms) -> tuple[Parts, list[tuple[Any, Any]]] | None:
    """The loops' parts as those of one, and pairs of an output and one that is equal; None where they may not stop together."""
    parts = Parts.of(group[0])
    steps = forms.of(parts.n)
    parts.seqs = [(v, _uncut(x, steps, forms)) for v, x in parts.seqs]
    for node in group[1:]:
        own = Parts.of(node)
        fresh: dict[Any, Any] = {}
        for known, given in (
            (parts.seqs, [(v, _uncut(x, steps, forms)) for v, x in own.seqs]),
            (parts.others, own.others),
        ):
            there = {(x, v.type): v for v, x in known}
            for v, x in given:
                fresh[v] = there.get((x, v.type))
                if fresh[v] is None:
                    fresh[v] = v.clone()
                    known.append((fresh[v], x))
        fresh |= {v: v.clone() for v in [*(v for s in own.states for v in s[0]), *(c[0] for c in own.carried)]}
        own.substitute(fresh)
        parts.states += [([fresh[v] for v in s[0]], *s[1:]) for s in own.states]
        parts.collected += own.collected
        parts.carried += [(fresh[c[0]], *c[1:]) for c in own.carried]
        parts.condition += own.condition
    names = dict.fromkeys(node.op.info.name for node in group if node.op.info.name)  # type: ignore[attr-defined]
    parts.info = replace(parts.info, name="&".join(names) or None)
    equal = _unified(parts)
    if any(not equal_computations([v], [parts.condition[0]]) for v in parts.condition[1:]):
        return None
    del parts.condition[1:]
    return parts, equal


def _uncut(x: Any, steps: Any, forms: Forms) -> Any:
    """A sequence without being cut to the number of steps, which the loop takes of it anyway."""
    cut = x.owner is not None and isinstance(x.owner.op, Subtensor) and len(x.owner.op.idx_list) == 1
    if not cut or len(x.owner.inputs) != 2:
        return x
    (entry,) = x.owner.op.idx_list
    first = isinstance(entry, slice) and entry.start is None and entry.step is None
    return x.owner.inputs[0] if first and forms.of(x.owner.inputs[1]) == steps else x


def _unified(parts: Parts) -> list[tuple[Any, Any]]:
    """Let one state, or carried value, stand for others that start and go on as it does; return pairs of their outputs."""
    n = len(parts.states)
    entries = [(s[0], (s[1], s[2]), s[3], s[4]) for s in parts.states] + [
        ([c[0]], c[1], c[2], c[3]) for c in parts.carried
    ]
    first: dict[Any, int] = {}
    same = {}  # which entry stands for which: it does if it goes on as they do, while all others do
    for place, (inner, start, _, _) in enumerate(entries):
        kept = first.setdefault((place < n, start, *(v.type for v in inner)), place)
        if kept != place:
            same[place] = kept
    while same:
        replaced = dict(pair for i, j in same.items() for pair in zip(entries[i][0], entries[j][0]))
        others = clone_replace([entries[i][2] for i in same], replaced)
        wrong = [i for (i, j), v in zip(same.items(), others) if not equal_computations([v], [entries[j][2]])]
        if not wrong:
            parts.substitute(replaced)
            parts.states = [s for i, s in enumerate(parts.states) if i not in same]
            parts.carried = [c for i, c in enumerate(parts.carried) if n + i not in same]
            return [(entries[i][3], entries[j][3]) for i, j in same.items()]
        for i in wrong:
            del same[i]
    return []
