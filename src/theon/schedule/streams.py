"""Draws from MRG streams as a native routine; the new states reach their shared variables by the program's last steps."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, Scalar, const, make
from theon.schedule.expression import Expression, item, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements
from theon.schedule.step import NativeCall

__all__: list[str] = []


@lowers("mrg_uniform")
def uniform(low: Lowering, node: Apply) -> None:
    """New states into memory of the program, draws into a vector that is seen with the shape asked for."""
    op: Any = node.op
    rstate, size = node.inputs
    new, out = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if op.inplace or dtype not in ("float32", "float64") or rstate.type.dtype != "int32":  # type: ignore[attr-defined]
        raise Unsupported("draws of half precision, or states that are overwritten")
    ndim = out.type.ndim  # type: ignore[attr-defined]
    sizes: list[Scalar] = []
    for n, flag in zip(elements(low, size, ndim, exact=True), out.type.broadcastable):  # type: ignore[attr-defined]
        if flag:
            low.same(n, const(1))
        low.check(make("ge", BOOL, (n, const(0))))
        sizes.append(n)
    state = low.as_tensor(rstate)
    streams, words = low.sizes_of(state)
    low.same(words, const(6))
    low.check(make("ge", BOOL, (streams, const(1))))
    after = low.fresh(None, "int32", (streams, words))
    drawn = low.fresh(out, dtype, tuple(sizes))
    total = const(1)
    for n in sizes:
        total = times(total, n)
    flat = low.view(drawn, (total,), (const(item(dtype)),), low.offset_of(drawn))
    if not low.is_dense(drawn):
        raise Unsupported("a place for the draws that is not contiguous")
    low.steps.append(NativeCall("uniform", (state,), (after, flat), (), (dtype,), 0))
    low.memory[out] = drawn
    load = make("load", "int32", (), 0)
    low.pending[new] = Expression(load, [(after, low.strides_of(after))], low.sizes_of(state))
