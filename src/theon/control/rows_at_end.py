"""Gradients of a loop's rows of which only the last were read: seen as these rows, without the zeros before them."""

from __future__ import annotations

from typing import Any

from theon.errors import NotScalarConstantError
from theon.graph.variable import Constant
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast, shape_padleft
from theon.ops.fill import Alloc
from theon.ops.join import MakeVector, Split
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.reshape import Reshape
from theon.ops.shape import Shape, Shape_i, get_scalar_constant_value

__all__ = ["is_zero", "rows_at_end"]

_DEEPEST = 12  # how far back a gradient is looked at


def is_zero(g: Any, depth: int = 0) -> bool:
    """Whether a gradient is written as zeros."""
    if isinstance(g, Constant):
        return bool((g.data == 0).all())
    if g.owner is None or depth > _DEEPEST:
        return False
    op, inputs = g.owner.op, g.owner.inputs
    if isinstance(op, Elemwise) and op.scalar_op.kind == "second":
        return is_zero(inputs[1], depth + 1)
    if isinstance(op, IncSubtensor):
        return is_zero(inputs[0], depth + 1) and is_zero(inputs[1], depth + 1)
    if isinstance(op, Split):
        rows = rows_at_end(inputs[0], 0, depth + 1)
        if rows is None:
            return False
        last = _rows_of_last_part(g.owner) if rows and g is not g.owner.outputs[-1] else 0
        return all(m <= last for m, _ in rows)
    if isinstance(op, Alloc | DimShuffle | Rebroadcast | Reshape | Subtensor):
        return is_zero(inputs[0], depth + 1)
    return False


def rows_at_end(g: Any, at_least: int, depth: int = 0) -> list[tuple[int, Any]] | None:
    """The last rows of a gradient that is zero elsewhere, as pairs (number, rows), to be added up; None where it is not.

    The gradient is known to have ``at_least`` rows.
    """
    if is_zero(g, depth):
        return []
    if g.owner is None or depth > _DEEPEST:
        return None
    op, inputs = g.owner.op, g.owner.inputs
    if isinstance(op, Rebroadcast):
        return rows_at_end(inputs[0], at_least, depth + 1)
    if isinstance(op, Elemwise) and op.scalar_op.kind == "add" and len(inputs) == 2:
        if any(x.type.ndim != g.type.ndim for x in inputs):
            return None
        first, second = (rows_at_end(x, at_least, depth + 1) for x in inputs)
        return None if first is None or second is None else first + second
    if isinstance(op, Split):
        if g is not g.owner.outputs[-1] or _integer(inputs[1]) != 0:
            return None
        found = rows_at_end(inputs[0], at_least, depth + 1)
        return found if found is not None and all(m <= at_least for m, _ in found) else None
    if not isinstance(op, IncSubtensor) or len(op.idx_list) != 1:
        return None
    base, value, *numbers = inputs
    entry = op.idx_list[0]
    given = [_integer(v) for v in numbers]
    if value.type.ndim != g.type.ndim - (not isinstance(entry, slice)) or not is_zero(base, depth + 1):
        return None
    if not isinstance(entry, slice):
        return [(1, shape_padleft(value))] if given == [-1] else None
    if entry.stop is not None or entry.step is not None or len(given) != 1 or given[0] is None:
        return None
    if given[0] < 0:
        return [(-given[0], value)] if -given[0] <= at_least else None
    return rows_at_end(value, 0, depth + 1)


def _integer(v: Any) -> int | None:
    try:
        return int(get_scalar_constant_value(v))
    except NotScalarConstantError:
        return None


def _rows_of_last_part(split: Any) -> int:
    """How many rows the last part of a split is known to have: those that a loop's state starts with."""
    if _integer(split.inputs[1]) != 0:
        return 0
    sizes = split.inputs[2]
    if sizes.owner is None or not isinstance(sizes.owner.op, MakeVector):
        return 0
    size = sizes.owner.inputs[-1]
    while size.owner is not None and isinstance(size.owner.op, Subtensor | DimShuffle):
        size = size.owner.inputs[0]
    if size.owner is None or not isinstance(size.owner.op, Shape | Shape_i):
        return 0
    rows = size.owner.inputs[0]
    if rows.owner is None:
        return 0
    taps = getattr(getattr(rows.owner.op, "info", None), "taps", ())
    place = rows.owner.outputs.index(rows)
    return -int(taps[place][0]) if place < len(taps) else 0
