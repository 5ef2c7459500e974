"""Draws from NumPy's states by token: Python draws, native code knows the sizes."""

from __future__ import annotations

from theon.graph.variable import Apply
from theon.kernel.scalar import INDEX, make
from theon.schedule.expression import Expression, k
from theon.schedule.lower import Lowering, lowers
from theon.schedule.sizes import elements

__all__: list[str] = []


@lowers("DrawFrom")
def draw(low: Lowering, node: Apply) -> None:
    """Call the op, and keep the value where its sizes are known, so that the steps of a loop take no other memory each time."""
    _, sizes, *args = node.inputs
    _, value = node.outputs
    added: int = node.op.draw.ndim_added  # type: ignore[attr-defined]
    wanted = list(elements(low, sizes, value.type.ndim - added, exact=True))  # type: ignore[attr-defined]
    name = node.op.draw.fn  # type: ignore[attr-defined]
    if added and name == "permutation":
        wanted.append(k.cast(low.as_scalar(args[0]), INDEX))
    elif added and name == "multinomial":
        wanted.append(low.sizes_of_variable(args[1])[-1])
    low.python(node)
    if len(wanted) != value.type.ndim or not wanted:  # type: ignore[attr-defined]
        return
    drawn = low.memory[value]
    for n, found in zip(wanted, low.sizes_of(drawn)):
        low.same(n, found)
    dtype = value.type.dtype  # type: ignore[attr-defined]
    number = low.fresh(value, dtype, tuple(wanted))
    low.fill(number, Expression(make("load", dtype, (), 0), [(drawn, low.strides_of(drawn))], tuple(wanted)))
    low.memory[value] = number
