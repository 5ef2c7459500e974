"""Views and copies of values, in native code."""

from __future__ import annotations

from theon.graph.variable import Apply
from theon.kernel.scalar import make
from theon.schedule.expression import Expression
from theon.schedule.lower import Lowering, lowers

__all__: list[str] = []


@lowers("ViewOp", "OutputGuard")
def view(low: Lowering, node: Apply) -> None:
    """The same memory."""
    (x,), (out,) = node.inputs, node.outputs
    if x in low.scalar:
        low.scalar[out] = low.scalar[x]
    else:
        low.memory[out] = low.as_tensor(x)


@lowers("DeepCopyOp")
def copy(low: Lowering, node: Apply) -> None:
    """Memory of its own."""
    (x,), (out,) = node.inputs, node.outputs
    number = low.as_tensor(x)
    t = low.tensors[number]
    loaded = Expression(make("load", t.dtype, (), 0), [(number, low.strides_of(number))], low.sizes_of(number))
    target = low.fresh(out, t.dtype, low.sizes_of(number))
    if t.ndim:
        low.fill(target, loaded)
    else:
        low.host(make("elem", t.dtype, (), number), target)
    low.memory[out] = target
