"""Loops keep no more of their last rows than are read: of ``h[-1]`` and ``h[-5:]`` five, in a ring that the loop goes round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from theon.control.ifelse import ifelse
from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import ancestors
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import maximum, switch
from theon.ops.compare import gt, lt
from theon.ops.declare import Elemwise
from theon.ops.regions import Subtensor
from theon.ops.shape import shape_i
from theon.rewrite.replace import same_origin
from theon.rewrite.rules.nested import takes_last
from theon.tensor.constant import constant

__all__ = ["keep_last_rows"]


def keep_last_rows(fgraph: FunctionGraph) -> int:
    """Let loops return only the last rows of what nothing else is read of; return how many loops changed."""
    count = 0
    for node in fgraph.toposort():
        if isinstance(node.op, Scan) and node in fgraph.apply_nodes and not node.op.info.limited:
            limits = dict(_limits(fgraph, node))
            if limits:
                _limit(fgraph, node, limits)
                count += 1
    return count


def _limits(fgraph: FunctionGraph, node: Apply) -> Iterator[tuple[int, tuple[Variable, Any]]]:
    """For each output of which only the last rows are read: its place, the variable that is read, the number of rows."""
    info = node.op.info  # type: ignore[attr-defined]
    n_states = len(info.taps)
    for i in range(n_states + info.n_collected):
        rows, last = node.outputs[i], False
        if i < n_states:
            # All readers take the rows without the first ones, or the last row, which may be a first one.
            readers = [c for c, _ in fgraph.clients(rows) if not takes_last(c)]
            last = len(readers) < len(fgraph.clients(rows))
            if len(readers) != 1 or not _starts_at(readers[0], -info.taps[i][0]):
                continue
            rows = readers[0].outputs[0]
        needed = _needed(fgraph, rows, node.inputs[0])
        if not needed or any(node in {v.owner for v in ancestors([n])} for n in needed if not isinstance(n, Constant)):
            continue
        known = [int(n.data) for n in needed if isinstance(n, Constant)] + [1] * last
        limit: Any = constant(max(known, default=0), dtype="int64")
        for n in needed:
            limit = limit if isinstance(n, Constant) else maximum(limit, n)
        yield i, (rows, limit)


def _limit(fgraph: FunctionGraph, node: Apply, limits: dict[int, tuple[Variable, Any]]) -> None:
    op: Any = node.op
    slim = Scan(op.inputs, op.outputs, replace(op.info, limited=tuple(limits)), mode=op.mode)
    found = slim(*node.inputs, *(limit for _, limit in limits.values()), return_list=True)
    same_origin(found[0], node)
    first = op.outer_parts(node.inputs)[2]
    for i, (old, new) in enumerate(zip(node.outputs, found)):
        for reader, _ in list(fgraph.clients(old)) if i in limits and i < len(first) else []:
            if takes_last(reader):
                row = reader.outputs[0]
                sides = (row.type.filter_variable(reader.op(rows, *reader.inputs[1:])) for rows in (new, first[i]))
                fgraph.replace(row, ifelse(gt(shape_i(new, 0), 0), *sides), reason="keep_last_rows")
        target = limits[i][0] if i in limits else old
        fgraph.replace(target, target.type.filter_variable(new), reason="keep_last_rows")  # type: ignore[attr-defined]


def _parts(node: Any) -> list[Any] | None:
    """The first entry of a basic index: [number], or [start, stop, step]; ints, None and variables."""
    if not isinstance(getattr(node, "op", None), Subtensor) or not node.op.idx_list:
        return None
    entry, numbers = node.op.idx_list[0], iter(node.inputs[1:])
    found: list[Any] = []
    for part in (entry.start, entry.stop, entry.step) if isinstance(entry, slice) else (entry,):
        if part is not None and not isinstance(part, int):
            part = next(numbers)
            part = int(np.asarray(part.data)) if isinstance(part, Constant) else part
        found.append(part)
    return found


def _starts_at(node: Any, lag: int) -> bool:
    parts = _parts(node)
    return parts == [lag, None, None] and len(node.op.idx_list) == 1


def _needed(fgraph: FunctionGraph, rows: Variable, n: Any) -> list[Any]:
    """How many of the last rows each reader needs, as scalars; none where all may be read."""
    found = []
    for reader, place in fgraph.clients(rows):
        parts = None if place else _parts(reader)
        if parts is None:
            return []
        if parts == [None, None, -1] and len(reader.op.idx_list) == 1:
            # Rows from the end, of which the first ones are taken.
            for taker, at in fgraph.clients(reader.outputs[0]):
                taken = None if at else _parts(taker)
                last = None if taken is None else taken[0] if len(taken) == 1 else taken[1]
                if not isinstance(last, int) or last < 0 or (len(taken or ()) == 3 and not _forward(taken)):
                    return []
                found.append(constant(last + (len(taken or ()) == 1), dtype="int64"))
            continue
        start = parts[0]
        if len(parts) == 3 and not (_forward(parts) and (parts[1] is None or _negative(parts[1]))):
            return []
        if not _negative(start):
            return []
        if isinstance(start, int):
            found.append(constant(-start, dtype="int64"))
            continue
        start = start.astype("int64")
        # A number that is not negative after all counts from the first row: then all are kept.
        found.append(switch(lt(start, 0), -start, n))
        if len(parts) == 3 and isinstance(parts[1], Variable):
            found.append(switch(lt(parts[1].astype("int64"), 0), np.int64(0), n))  # type: ignore[attr-defined]
    return found


def _forward(parts: Any) -> bool:
    return parts[2] is None or (isinstance(parts[2], int) and parts[2] > 0)


def _negative(x: Any) -> bool:
    """Whether a number counts from the end as it is written."""
    if isinstance(x, int):
        return x < 0
    return (
        isinstance(x, Variable)
        and x.owner is not None
        and isinstance(x.owner.op, Elemwise)
        and x.owner.op.scalar_op.kind == "neg"
    )
