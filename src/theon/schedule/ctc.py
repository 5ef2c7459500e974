"""Costs of sequences whose alignment is not known, and their gradients, as one routine."""

from __future__ import annotations

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, INDEX, const, make
from theon.schedule.expression import plus, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.step import NativeCall

__all__: list[str] = []


@lowers("ConnectionistTemporalClassification")
def costs(low: Lowering, node: Apply) -> None:
    """Sizes that the reference refuses are left to it; the routine says where labels or lengths are out of bounds."""
    activations, labels, lengths = node.inputs
    dtype = activations.type.dtype  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64"):
        raise Unsupported("costs in half precision")
    z = low.as_tensor(activations)
    steps, batch, classes = low.sizes_of(z)
    names, counts = low.as_dtype(labels, INDEX), low.as_dtype(lengths, INDEX)
    rows, most = low.sizes_of(names)
    low.same(rows, batch)
    low.same(low.sizes_of(counts)[0], batch)
    low.check(make("ge", BOOL, (classes, const(1))))
    states = plus(times(const(2), most), const(3))
    words = plus(times(states, plus(steps, const(6))), plus(steps, classes))
    space = low.fresh(None, "float64", (batch, words))
    cost = low.fresh(node.outputs[0], dtype, (batch,))
    wanted = len(node.outputs) > 1 and bool(low.fgraph.clients(node.outputs[1]))
    sizes = (steps, batch, classes) if wanted else (const(0), const(0), const(0))
    slope = low.fresh(node.outputs[1] if wanted else None, dtype, sizes)
    low.steps.append(NativeCall("ctc", (z, names, counts), (cost, slope, space), (), (), 0))
    low.memory[node.outputs[0]] = cost
    if len(node.outputs) > 1:
        low.memory[node.outputs[1]] = slope
