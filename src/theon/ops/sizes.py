"""Sizes of results as expressions, without the results: what every op's ``infer_shape`` says, put together."""

from __future__ import annotations

from typing import Any

from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.shape import shape_i
from theon.tensor.constant import constant
from theon.tensor.type import TensorType

__all__ = ["Sizes", "add_sizes"]

# For each variable its sizes, one int64 scalar a dimension; None where they are not known without its value.
Sizes = dict[Variable, "tuple[Any, ...] | None"]


def add_sizes(known: Sizes, outputs: list[Variable]) -> None:
    """Add the sizes of ``outputs``, and of what they are made of, to ``known``; variables without owner have ``Shape_i``.

    Sizes that follow from values (a mask's length) stay None.
    """
    for node in io_toposort(list(known), outputs):
        for v in node.inputs:
            if v not in known:
                known[v] = _own(v)
        known.update(zip(node.outputs, _made(node, known)))
    for v in outputs:
        if v not in known:
            known[v] = _own(v)


def _own(v: Variable) -> tuple[Any, ...] | None:
    if not isinstance(v.type, TensorType):
        return None
    if isinstance(v, Constant):
        return tuple(constant(n, dtype="int64") for n in v.data.shape)
    return tuple(shape_i(v, d) for d in range(v.type.ndim))


def _made(node: Apply, known: Sizes) -> list[tuple[Any, ...] | None]:
    nothing: list[tuple[Any, ...] | None] = [None for _ in node.outputs]
    shapes = [known[v] for v in node.inputs]
    op: Any = node.op
    if not hasattr(op, "infer_shape"):
        return nothing
    if isinstance(op, Elemwise):
        return _elementwise(node, shapes)
    if any(s is None and isinstance(v.type, TensorType) and v.type.ndim for v, s in zip(node.inputs, shapes)):
        return nothing
    try:
        found = op.infer_shape(node, shapes)
    except (NotImplementedError, TypeError, ValueError, IndexError, AttributeError):
        return nothing
    return [None if sizes is None else tuple(sizes) for sizes in found]


def _elementwise(node: Apply, shapes: list[tuple[Any, ...] | None]) -> list[tuple[Any, ...] | None]:
    """Where several operands have a size, it is known if it is the same expression: one may turn out to be 1."""
    ndim = node.outputs[0].type.ndim  # type: ignore[attr-defined]
    sizes = []
    for d in range(ndim):
        along = [s for v, s in zip(node.inputs, shapes) if not v.type.broadcastable[d]]  # type: ignore[attr-defined]
        if any(s is None for s in along):
            return [None for _ in node.outputs]
        given = [s[d] for s in along if s is not None]
        if any(not _same(given[0], other) for other in given[1:]):
            return [None for _ in node.outputs]
        sizes.append(given[0] if given else constant(1, dtype="int64"))
    return [tuple(sizes) for _ in node.outputs]


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, Constant) and isinstance(b, Constant):
        return bool(a.data == b.data)
    if a.owner is None or b.owner is None or a.owner.op != b.owner.op:
        return False
    return all(x is y for x, y in zip(a.owner.inputs, b.owner.inputs)) and len(a.owner.inputs) == len(b.owner.inputs)
