"""Half precision for ops that compute with whole arrays: they compute with float32, and the results are rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from theon.graph.variable import Apply, Variable
from theon.kernel.build import Unsupported
from theon.ops.arith import CASTS

if TYPE_CHECKING:
    from theon.schedule.lower import Lowering

__all__ = ["is_half", "widened"]


def is_half(variable: Variable) -> bool:
    """Whether an array's elements are of half precision."""
    return getattr(variable.type, "dtype", None) == "float16"


def widened(low: Lowering, node: Apply) -> None:
    """The op of float32 values; halves are made of its results. Unsupported for an op whose results are halves even then."""
    given = [_cast(low, v, "float32") if is_half(v) else v for v in node.inputs]
    try:
        wide = node.op.make_node(*given)
    except (TypeError, ValueError) as error:
        raise Unsupported(str(error)) from None
    if any(map(is_half, wide.outputs)):
        raise Unsupported(f"{node.op} of float32")
    low.stand_in.update(zip(wide.outputs, node.outputs))
    low.node(wide)
    for found, out in zip(wide.outputs, node.outputs):
        if not low.clients(out):
            continue
        dtype = out.type.dtype  # type: ignore[attr-defined]
        _moved(low, found if found.type.dtype == dtype else _cast(low, found, dtype), out)  # type: ignore[attr-defined]


def _cast(low: Lowering, x: Variable, dtype: str) -> Variable:
    found: Variable = CASTS[dtype](x)
    assert found.owner is not None
    low.node(found.owner)
    return found


def _moved(low: Lowering, found: Variable, out: Variable) -> None:
    """Give ``out`` the form that ``found`` has."""
    forms: tuple[dict[Variable, Any], ...] = (low.scalar, low.vector, low.pending, low.memory)
    for form in forms:
        if found in form:
            form[out] = form[found]
            return
    raise Unsupported(f"{found} has no form")
