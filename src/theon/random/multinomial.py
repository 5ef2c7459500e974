"""Draws from discrete distributions, given uniform draws: one outcome for each uniform, by its place in the running sum.

Running sums are of float64 whatever the dtype of the probabilities, as Theano's are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply, Constant
from theon.ops.declare import zeros_for
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["ChoiceFromUniform", "MultinomialFromUniform", "MultinomialWOReplacementFromUniform"]


class _FromUniform(Op):
    __props__ = ("odtype",)

    def __init__(self, odtype: str) -> None:
        self.odtype = odtype

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.odtype}}}"

    def _variables(self, pvals: Any, unis: Any, n: Any) -> list[Any]:
        pvals, unis, n = as_tensor_variable(pvals), as_tensor_variable(unis), as_tensor_variable(n)
        if pvals.type.ndim != 2:
            raise NotImplementedError("pvals ndim should be 2", pvals.type.ndim)
        if unis.type.ndim != 1:
            raise NotImplementedError("unis ndim should be 1", unis.type.ndim)
        return [pvals, unis, n]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Counts and choices are constant almost everywhere."""
        return [zeros_for(x) for x in inputs]


class MultinomialFromUniform(_FromUniform):
    """Counts of the outcomes: ``pvals`` (m, k), ``unis`` (m n,), ``n`` draws for each row; result (m, k)."""

    __module__ = "theano.sandbox.multinomial"

    def make_node(self, pvals: Any, unis: Any, n: Any = 1) -> Apply:
        """Return the node."""
        inputs = self._variables(pvals, unis, n)
        odtype = inputs[0].type.dtype if self.odtype == "auto" else self.odtype
        return Apply(self, inputs, [TensorType(odtype, inputs[0].type.broadcastable)()])

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The shape of ``pvals``."""
        return [shapes[0]]

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """ValueError where there are not ``m n`` uniforms."""
        pvals, unis, n = (*inputs, 1)[:3]  # nodes in old pickles have no number of draws
        n, m = int(n), len(pvals)
        if len(unis) != m * n:
            raise ValueError(f"unis.shape[0] != pvals.shape[0] * n_samples: {len(unis)}, {m}, {n}")
        out = np.zeros(pvals.shape, dtype=node.outputs[0].type.dtype)  # type: ignore[attr-defined]
        if out.size:
            running = np.cumsum(pvals, axis=1, dtype="float64")
            for c in range(n):
                above = running > unis[c * m : (c + 1) * m, None]
                rows = np.flatnonzero(above.any(axis=1))
                out[rows, above[rows].argmax(axis=1)] += 1
        output_storage[0][0] = out


class ChoiceFromUniform(_FromUniform):
    """Different outcomes for each row: ``pvals`` (m, k), ``unis`` (m n,), ``n``; result (m, n) of column numbers."""

    __module__ = "theano.sandbox.multinomial"
    __props__ = ("odtype", "replace")

    def __init__(self, odtype: str, replace: bool = False) -> None:
        super().__init__(odtype)
        self.replace = replace

    def make_node(self, pvals: Any, unis: Any, n: Any = 1) -> Apply:
        """Return the node."""
        inputs = self._variables(pvals, unis, n)
        odtype = "int64" if self.odtype == "auto" else self.odtype
        rows, columns = inputs[0].type.broadcastable
        # One outcome of one that there is.
        one = columns and isinstance(inputs[2], Constant) and bool((inputs[2].data == 1).all())
        return Apply(self, inputs, [TensorType(odtype, (rows, one))()])

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """(rows of ``pvals``, ``n``)."""
        return [(shapes[0][0], node.inputs[2])]

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """ValueError where more is asked for than there is, or where there are not ``m n`` uniforms."""
        pvals, unis, n = inputs
        n, (m, k) = int(n), pvals.shape
        if n > k and not self.replace:
            raise ValueError(
                f"Cannot sample without replacement n samples bigger than the size of the distribution: {n} > {k}"
            )
        if len(unis) != m * n:
            raise ValueError(f"unis.shape[0] != pvals.shape[0] * n_samples: {len(unis)}, {m}, {n}")
        out = np.full((m, n), -1, dtype=node.outputs[0].type.dtype)  # type: ignore[attr-defined]
        left = pvals.copy()
        for c in range(n if m and k else 0):
            running = np.cumsum(left, axis=1, dtype="float64")
            above = running > unis[c * m : (c + 1) * m, None]
            rows = np.flatnonzero(above.any(axis=1))
            columns = above[rows].argmax(axis=1)
            out[rows, c] = columns
            if not self.replace and c + 1 < n:
                # What lies before a column is summed already; the rest is added in the dtype of the probabilities.
                for row, column in zip(rows, columns):
                    before = (running[row, column] - left[row, column]).astype(left.dtype)
                    left[row, column] = 0
                    left[row] /= np.cumsum([before, *left[row, column:]], dtype=left.dtype)[-1]
        output_storage[0][0] = out


MultinomialWOReplacementFromUniform = ChoiceFromUniform
