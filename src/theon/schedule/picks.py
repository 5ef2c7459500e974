"""Draws from discrete distributions as native routines: for each uniform number its place in the running sum of a row."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, INDEX, Scalar, make
from theon.schedule.expression import k, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.step import NativeCall
from theon.schedule.workspace import workspace

__all__: list[str] = []

_FLOATS = ("float32", "float64")


def _given(low: Lowering, node: Apply) -> tuple[int, int, Scalar]:
    """Probabilities and uniform numbers in contiguous memory, and how many draws each row gets."""
    pvals, unis, n = node.inputs
    if pvals.type.dtype not in _FLOATS or unis.type.dtype not in _FLOATS:  # type: ignore[attr-defined]
        raise Unsupported("probabilities that are no floats")
    rows = low.as_dense(low.as_tensor(pvals))
    uniform = low.as_dense(low.as_tensor(unis))
    count = k.cast(low.as_scalar(n), INDEX)
    low.same(low.sizes_of(uniform)[0], times(low.sizes_of(rows)[0], count))
    return rows, uniform, count


@lowers("MultinomialFromUniform")
def multinomial(low: Lowering, node: Apply) -> None:
    """Counts, for each row."""
    rows, uniform, count = _given(low, node)
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    number = low.fresh(out, dtype, low.sizes_of(rows))
    _call(low, "multinomial", (rows, uniform), number, count)
    low.memory[out] = number


@lowers("ChoiceFromUniform")
def choice(low: Lowering, node: Apply) -> None:
    """Columns; what is left of a row once some are taken lies in a workspace."""
    op: Any = node.op
    rows, uniform, count = _given(low, node)
    (out,) = node.outputs
    m, n = low.sizes_of(rows)
    if not op.replace:
        low.check(make("le", BOOL, (count, n)))
    low.check(make("ge", BOOL, (count, k.const(0, INDEX))))
    number = low.fresh(out, out.type.dtype, (m, count))  # type: ignore[attr-defined]
    (left,) = workspace(low, [(low.tensors[rows].dtype, n)])
    _call(low, "choice", (rows, uniform, left), number, count, bool(op.replace))
    low.memory[out] = number


def _call(low: Lowering, name: str, inputs: tuple[int, ...], output: int, count: Scalar, *attrs: Any) -> None:
    dtypes = tuple(low.tensors[n].dtype for n in (*inputs[:2], output))
    low.steps.append(NativeCall(name, inputs, (output,), (count,), (*dtypes, *attrs), 0))
