"""Rules that remove what computes nothing."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, dimshuffle
from theon.rewrite.engine import Rules

__all__ = ["canonical"]

canonical = Rules()


@canonical.node(DimShuffle)
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


@canonical.node("neg")
def neg_of_neg(node: Apply) -> Any:
    """-(-x) is x."""
    inner = node.inputs[0].owner
    if inner is not None and isinstance(inner.op, Elemwise) and inner.op.scalar_op.name == "neg":
        return inner.inputs[0]
    return None
