"""Rules that remove what computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.copies import ViewOp
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op
from theon.graph.variable import Apply, Constant
from theon.ops.arith import add, maximum, minimum
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, dimshuffle, patternbroadcast
from theon.ops.fill import Alloc, alloc
from theon.ops.join import join
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.shape import shape_i
from theon.rewrite.engine import constant_value
from theon.rewrite.rule import Rules

__all__ = ["canonical"]

canonical = Rules("canonicalize")


@canonical.node(DimShuffle, theano="local_dimshuffle_lift")
def dimshuffle_of_dimshuffle(node: Apply) -> Any:
    """Two in a row are one; one that changes nothing is none."""
    (x,) = node.inputs
    order = node.op.new_order  # type: ignore[attr-defined]
    if order == tuple(range(x.type.ndim)):  # type: ignore[attr-defined]
        return x
    inner = x.owner
    if inner is None or not isinstance(inner.op, DimShuffle):
        return None
    return dimshuffle(inner.inputs[0], ["x" if d == "x" else inner.op.new_order[d] for d in order])


@canonical.node(Op, theano=("constant_folding", "topo_constant_folding"), tags=("fast_compile",))
def fold_constant(node: Apply) -> Any:
    """A node whose inputs are all constant is a constant."""
    for v in node.inputs:
        if v.owner is not None:
            return None
    return constant_value(node)


@canonical.node(
    ViewOp,
    theano=(
        "remove_zero_grad",
        "remove_consider_constant",
        "remove_disconnected_grad",
        "remove_undefined_grad",
        "local_view_op",
    ),
)
def view_without_gradient(node: Apply) -> Any:
    """An op that matters only to gradients is its input, once those are made."""
    return None if node.op.destroy_map else node.inputs[0]


@canonical.node("neg", theano="local_neg_neg")
def neg_of_neg(node: Apply) -> Any:
    """-(-x) is x."""
    inner = node.inputs[0].owner
    if inner is not None and isinstance(inner.op, Elemwise) and inner.op.scalar_op.kind == "neg":
        return inner.inputs[0]
    return None


@canonical.node("add", graph=True)
def joined_regions(node: Apply, fgraph: FunctionGraph) -> Any:
    """Zeros with one region increased each, added up: the regions joined, where they lie side by side along one axis.

    The gradient of a matrix that is read in slices (the gates of an LSTM) is such a sum.
    """
    out = node.outputs[0]
    if any(_is_add(reader) for reader, _ in fgraph.clients(out)):
        return None  # the whole sum is looked at instead
    terms: list[Any] = []
    pending = node.inputs[::-1]
    while pending:
        v = pending.pop()
        if _is_add(v.owner):
            pending.extend(reversed(v.owner.inputs))
        else:
            terms.append(v)
    found = [(r, v) for v in terms if v.type == out.type and (r := _region_of_zeros(v.owner)) is not None]
    if len(found) < 2 or len({region[0] for region, _ in found}) != 1:
        return None
    axis = found[0][0][0]
    found.sort(key=lambda entry: entry[0][1])
    base = found[0][1].owner.inputs[0]

    def zeros(n: Any) -> Any:
        sizes = [n if d == axis else shape_i(base, d) for d in range(base.type.ndim)]
        return alloc(np.zeros((), base.type.dtype), *sizes)

    pieces: list[Any] = []
    done: int | None = 0
    for (_, start, stop), v in found:
        if done is None or start < done:
            return None
        if start > done:
            pieces.append(zeros(minimum(shape_i(base, axis), start) - minimum(shape_i(base, axis), done)))
        inner = v.owner
        region = Subtensor(inner.op.idx_list)(base, *inner.inputs[2:])
        value = inner.inputs[1]
        sizes = [shape_i(region, d) for d in range(base.type.ndim)]
        same = value.type.ndim == base.type.ndim and value.type.broadcastable == region.type.broadcastable
        pieces.append(value if same else alloc(value, *sizes))
        done = stop
    if done is not None:
        pieces.append(zeros(maximum(shape_i(base, axis) - done, 0)))
    joined = patternbroadcast(join(axis, *pieces), out.type.broadcastable)
    used = {id(v) for _, v in found}
    rest = [v for v in terms if id(v) not in used]
    return joined if not rest else add(joined, *rest)


def _is_add(node: Any) -> bool:
    return isinstance(node, Apply) and isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "add"


def _region_of_zeros(node: Any) -> tuple[int, int, int | None] | None:
    """The axis and the bounds of what a node increases of zeros, if these are constants and the only ones."""
    if node is None or not isinstance(node.op, IncSubtensor) or not _zeros(node.inputs[0]):
        return None
    values = list(node.inputs[2:])
    region = None
    for axis, entry in enumerate(node.op.idx_list):
        if not isinstance(entry, slice):
            return None
        bounds = []
        for part in (entry.start, entry.stop, entry.step):
            if part is not None and not isinstance(part, int):
                part = values.pop(0)
                if not isinstance(part, Constant):
                    return None
            bounds.append(None if part is None else int(part.data if isinstance(part, Constant) else part))
        start, stop, step = bounds
        if start is None and stop is None and step in (None, 1):
            continue
        if (
            region is not None
            or step not in (None, 1)
            or (start or 0) < 0
            or (stop is not None and stop < (start or 0))
        ):
            return None
        region = axis, start or 0, stop
    return region


def _zeros(v: Any) -> bool:
    node = v.owner
    if node is None:
        return False
    if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "second":
        filling = node.inputs[1]
    elif isinstance(node.op, Alloc):
        filling = node.inputs[0]
    else:
        return False
    while filling.owner is not None and isinstance(filling.owner.op, DimShuffle):
        filling = filling.owner.inputs[0]
    return isinstance(filling, Constant) and filling.data.size == 1 and not filling.data.any()
