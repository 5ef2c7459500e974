"""Rules for ops that hold graphs: graphs put in their op's place, loops without what nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.composite import Composite, opened
from theon.ops.declare import Elemwise
from theon.ops.join import Join
from theon.ops.regions import Subtensor
from theon.rewrite.replace import same_origin

__all__ = [
    "expand_graphs",
    "last_of_states",
    "rewrite_steps",
    "slim_loops",
    "takes_last",
]


def _holds_graph(op: Any) -> bool:
    return hasattr(op, "expanded") or (isinstance(op, Elemwise) and isinstance(op.scalar_op, Composite))


def expand_graphs(fgraph: FunctionGraph) -> int:
    """Put each OpFromGraph's graph, and each elementwise composite's, in its place, inner ones after outer ones; return how many."""
    count = 0
    while True:
        nodes = [node for node in fgraph.toposort() if _holds_graph(node.op)]
        if not nodes:
            return count
        for node in nodes:
            if node not in fgraph.apply_nodes:
                continue
            if isinstance(node.op, Elemwise):
                new = opened(node.op.scalar_op, node.inputs)  # type: ignore[arg-type]
            else:
                new = node.op.expanded(node.inputs)  # type: ignore[attr-defined]
            for old, v in zip(node.outputs, new):
                same_origin(v, node)
                fgraph.replace(old, old.type.filter_variable(v), reason="expand_graphs")
            count += 1


def _is_last(node: Any, lag: int) -> tuple[str, Any]:
    """What a reader of a state's rows takes: ("last", variable), ("rows", variable) past the first ones, or ("other", None)."""
    if not isinstance(getattr(node, "op", None), Subtensor):
        return "other", None
    entries = node.op.idx_list
    if len(node.inputs) != 1 + sum(_open(e) for e in entries) or not entries:
        return "other", None
    values = [v.data if isinstance(v, Constant) else None for v in node.inputs[1:]]
    if len(entries) == 1 and not isinstance(entries[0], slice):
        value = values[0] if values else entries[0]
        return ("last", node.outputs[0]) if value is not None and _number(value) == -1 else ("other", None)
    if len(entries) == 1 and isinstance(entries[0], slice):
        e = entries[0]
        filled = list(values)
        parts = [filled.pop(0) if _open_part(p) else p for p in (e.start, e.stop, e.step)]
        start, stop, step = (None if p is None else _number(p) for p in parts)
        if e.stop is None and e.step in (None,) and start == lag and stop is None and step is None:
            return "rows", node.outputs[0]
    return "other", None


def _back(node: Any) -> int | None:
    """How many rows before the end the one row is that a node takes, where that is a constant."""
    if not isinstance(getattr(node, "op", None), Subtensor) or len(node.inputs) > 2:
        return None
    entries = node.op.idx_list
    if len(entries) != 1 or isinstance(entries[0], slice):
        return None
    value = _number(node.inputs[1].data) if len(node.inputs) == 2 and isinstance(node.inputs[1], Constant) else None
    return -value if value is not None and value < 0 else None


def _number(x: Any) -> Any:
    try:
        return int(x)
    except (TypeError, ValueError):
        return None


def _open_part(p: Any) -> bool:
    return p is not None and not isinstance(p, int)


def _open(e: Any) -> int:
    if isinstance(e, slice):
        return sum(_open_part(p) for p in (e.start, e.stop, e.step))
    return int(_open_part(e))


def last_of_states(fgraph: FunctionGraph) -> int:
    """The last row of a state is what it starts with where no step is made, whatever else is read; return how many were read.

    Rows without the first ones, as ``scan`` returns them, have no last one then.
    """
    count = 0
    for node in fgraph.toposort():
        if node not in fgraph.apply_nodes or not isinstance(node.op, Scan):
            continue
        for place, own in enumerate(node.op.info.taps):
            rows = node.outputs[place]
            for taker, _ in list(fgraph.clients(rows)):
                kind, past_first = _is_last(taker, -own[0])
                for reader, at in list(fgraph.clients(past_first)) if kind == "rows" else []:
                    if at or not takes_last(reader):
                        continue
                    old, op = reader.outputs[0], reader.op
                    new: Any = rows[-1]  # type: ignore[index]
                    if len(op.idx_list) > 1:
                        new = Subtensor(op.idx_list[1:])(new, *reader.inputs[1 + _open(op.idx_list[0]) :])
                    new = old.type.filter_variable(new)
                    same_origin(new, reader)
                    fgraph.replace(old, new, reason="last_of_states")
                    count += 1
    return count + _last_of_joined(fgraph)


def takes_last(node: Any) -> bool:
    """Whether a node takes the last row, or a part of it."""
    if not isinstance(getattr(node, "op", None), Subtensor) or not node.op.idx_list:
        return False
    entry = node.op.idx_list[0]
    if _open_part(entry) and not isinstance(entry, slice):
        return _number_of(node.inputs[1]) == -1
    return entry == -1


def _last_of_joined(fgraph: FunctionGraph) -> int:
    """The last row of rows joined is that of the last of them, where it is a loop's state, which has one; return how many."""
    count = 0
    for node in fgraph.toposort():
        if node not in fgraph.apply_nodes or not isinstance(node.op, Join) or _number_of(node.inputs[0]) != 0:
            continue
        (out,), last = node.outputs, node.inputs[-1]
        if last.owner is None or not isinstance(last.owner.op, Scan):
            continue
        info, place = last.owner.op.info, last.owner.outputs.index(last)
        if place >= len(info.taps) or last.type.ndim != out.type.ndim:  # type: ignore[attr-defined]
            continue
        for reader, _ in list(fgraph.clients(out)):
            kind, v = _is_last(reader, -info.taps[place][0])
            for found in [v] if kind == "last" else [] if kind == "other" else [c for c, _ in fgraph.clients(v)]:
                if kind == "rows":
                    inner, found = _is_last(found, 0)
                    if inner != "last":
                        continue
                row = found.type.filter_variable(last[-1])  # type: ignore[attr-defined]
                same_origin(row, node)
                fgraph.replace(found, row, reason="last_of_states")
                count += 1
    return count


def _number_of(v: Variable) -> int | None:
    return int(v.data) if isinstance(v, Constant) else None


def slim_loops(fgraph: FunctionGraph) -> int:
    """Loops keep only the last value of states of which nothing else is read, and do not collect what nobody reads."""
    count = 0
    for node in fgraph.toposort():
        if node not in fgraph.apply_nodes or not isinstance(node.op, Scan) or node.op.info.limited:
            continue
        count += _slimmed(fgraph, node)
    return count


def _slimmed(fgraph: FunctionGraph, node: Apply) -> int:
    op: Scan = node.op  # type: ignore[assignment]
    info = op.info
    n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
    outputs = set(fgraph.outputs)

    def readers(v: Variable) -> list[Any]:
        return [c for c, _ in fgraph.clients(v)]

    last_of: dict[int, list[tuple[int, Variable]]] = {}  # for each state: (how many rows before the end, reader)
    for i in range(n_states):
        if node.outputs[i] in outputs:
            continue
        lag = -info.taps[i][0]
        taken: list[tuple[int, Variable]] = []
        fine = True
        for c in readers(node.outputs[i]):
            kind, v = _is_last(c, lag)
            if kind == "last":
                taken.append((1, v))
            elif kind == "rows" and v not in outputs:
                for d in readers(v):
                    inner_kind, w = _is_last(d, 0)
                    fine = fine and inner_kind == "last"
                    taken.append((1, w))
            else:
                back = _back(c)
                fine = fine and back is not None and back <= lag
                taken.append((back or 0, c.outputs[0]) if back else (0, node.outputs[i]))
        if fine:
            last_of[i] = taken
    unread = [i for i in range(n_states, n_kept) if not readers(node.outputs[i]) and node.outputs[i] not in outputs]
    if not last_of and not unread:
        return 0
    seqs, taps, carried, others = op.inner_parts()
    n, o_seqs, o_first, o_carried, o_others = op.outer_parts(node.inputs)
    keep = [i for i in range(n_states) if i not in last_of]
    collect = [i for i in range(n_states, n_kept) if i not in unread]
    # The last values of a state are carried, each step moves them on by one.
    lags = {i: -info.taps[i][0] for i in last_of}
    new_info = replace(
        info,
        taps=tuple(info.taps[i] for i in keep),
        n_collected=len(collect),
        n_carried=sum(lags.values()) + info.n_carried,
    )
    outs = op.outputs
    held: list[Variable] = []
    moved: list[Variable] = []
    for i, lag in lags.items():
        own = dict(zip(info.taps[i], taps[i]))
        chain = [own[-k] if -k in own else taps[i][0].type() for k in range(1, lag + 1)]
        held += chain
        moved += [outs[i], *chain[:-1]]
    inputs = [*seqs, *(v for i in keep for v in taps[i]), *held, *carried, *others]
    new_outs = [*(outs[i] for i in keep), *(outs[i] for i in collect), *moved, *outs[n_kept:]]
    slim = Scan(inputs, new_outs, new_info, mode=op.mode)
    starts = [o_first[i][lag - k] for i, lag in lags.items() for k in range(1, lag + 1)]
    found = slim(n, *o_seqs, *(o_first[i] for i in keep), *starts, *o_carried, *o_others, return_list=True)
    for place, i in enumerate(keep):
        fgraph.replace(node.outputs[i], found[place], reason="slim_loops")
    for place, i in enumerate(collect):
        fgraph.replace(node.outputs[i], found[len(keep) + place], reason="slim_loops")
    base = len(keep) + len(collect)
    for i, taken in last_of.items():
        for back, v in taken:
            fgraph.replace(v, v.type.filter_variable(found[base + back - 1]), reason="slim_loops")
        base += lags[i]
    for place in range(info.n_carried):
        fgraph.replace(node.outputs[n_kept + place], found[base + place], reason="slim_loops")
    same_origin(found[0], node)
    return 1


def rewrite_steps(fgraph: FunctionGraph, apply: Callable[[FunctionGraph], None]) -> int:
    """Rewrite the graph of every loop's step by ``apply``, where the loop has no mode of its own; return how many."""
    count = 0
    for node in fgraph.toposort():
        if not isinstance(node.op, Scan) or node.op.mode not in (None, "FAST_RUN"):
            continue
        op = node.op
        step = FunctionGraph(op.inputs, op.outputs)
        apply(step)
        outputs = [old.type.filter_variable(v) for old, v in zip(op.outputs, step.outputs)]
        found = Scan(step.inputs, outputs, op.info, mode=op.mode)(*node.inputs, return_list=True)
        same_origin(found[0], node)
        for old, new in zip(node.outputs, found):
            fgraph.replace(old, old.type.filter_variable(new), reason="rewrite_steps")
        count += 1
    return count
