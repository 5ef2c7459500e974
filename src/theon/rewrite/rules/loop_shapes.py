"""Rules for values of which only the shape is read: what loops make is not made for it, nor gradients that are zero."""

from __future__ import annotations

from typing import Any

from theon.control.rows_at_end import is_zero
from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Variable
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast
from theon.ops.fill import Alloc, alloc
from theon.ops.join import Join, Split, stack_sizes
from theon.ops.reduce import SumLike
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.reshape import Reshape
from theon.ops.shape import Shape, Shape_i
from theon.ops.sizes import Sizes, add_sizes

__all__ = ["shapes_of_loops"]

_MOVES = (Subtensor, IncSubtensor, Join, Split, Reshape, DimShuffle, Rebroadcast, Alloc, Elemwise)


def shapes_of_loops(fgraph: FunctionGraph) -> int:
    """Shapes of what loops return, and of what is cut and joined from it, are computed from the loops' inputs; return how many."""
    stems: set[Variable] = set()
    order = fgraph.toposort()
    for node in order:
        if isinstance(node.op, Scan) or (isinstance(node.op, _MOVES) and any(v in stems for v in node.inputs)):
            stems.update(node.outputs)
    known: Sizes = {}

    def sizes(v: Any) -> Any:
        if v not in known:
            add_sizes(known, [v])
        found = known[v]
        return None if found is None or len(found) != v.type.ndim else found

    count = 0
    # Which gradients are zero is seen by the shapes that they are cut by: before those change.
    zero = [
        out
        for node in order
        if isinstance(node.op, Split | IncSubtensor)
        for out in node.outputs
        if out in stems and is_zero(out)
    ]
    for out in zero:
        count += _replaced(fgraph, out, sizes(out))
    for node in order:
        if node not in fgraph.apply_nodes:
            continue
        op = node.op
        place = 1 if isinstance(op, SumLike) else 0
        second = isinstance(op, Elemwise) and op.scalar_op.kind == "second"
        if not (second or isinstance(op, SumLike | Shape | Shape_i)) or node.inputs[place] not in stems:
            continue
        found = sizes(node.inputs[place])
        if found is None:
            continue
        if isinstance(op, Shape_i):
            new: Any = found[op.i].astype("int64")
        elif isinstance(op, Shape):
            new = stack_sizes(found)
        else:
            count += _read_as(fgraph, node, place, found)
            continue
        if new.type == node.outputs[0].type:
            fgraph.replace(node.outputs[0], new, reason="shapes_of_loops")
            count += 1
    return count


def _zeros(v: Any, sizes: Any) -> Any:
    return alloc(v.type.make_constant(0) if v.type.ndim == 0 else 0.0, *sizes).astype(v.type.dtype)


def _replaced(fgraph: FunctionGraph, v: Any, sizes: Any) -> int:
    if sizes is None:
        return 0
    new = _zeros(v, sizes)
    if new.type != v.type:
        return 0
    fgraph.replace(v, new, reason="shapes_of_loops")
    return 1


def _read_as(fgraph: FunctionGraph, node: Any, place: int, sizes: Any) -> int:
    """Let a node read zeros of the sizes of its input, of which it reads the shape alone."""
    v = node.inputs[place]
    new = _zeros(v, sizes)
    if new.type != v.type:
        return 0
    fgraph.change_input(node, place, new, reason="shapes_of_loops")
    return 1
