"""Tidying storage: explicit zeros removed, indices sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply
from theon.sparse.declare import SparseOp

__all__ = ["EnsureSortedIndices", "Remove0", "clean"]


class _SameMatrix(SparseOp):
    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient as it is."""
        return [output_grads[0]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The same."""
        return [shapes[0]]


class Remove0(_SameMatrix):
    """The matrix without stored zeros."""

    __module__ = "theano.sparse.basic"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [0]}

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'inplace' if self.inplace else 'no_inplace'}}}"

    def compute(self, x: Any) -> Any:
        """Remove them."""
        found = x if self.inplace else x.copy()
        found.eliminate_zeros()
        return found


class EnsureSortedIndices(_SameMatrix):
    """The matrix with its indices sorted within each row or column."""

    __module__ = "theano.sparse.basic"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool) -> None:
        self.inplace = inplace
        if inplace:
            self.view_map = {0: [0]}

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'inplace' if self.inplace else 'no_inplace'}}}"

    def compute(self, x: Any) -> Any:
        """Sort them."""
        if self.inplace:
            x.sort_indices()
            return x
        return x.sorted_indices()


remove0, ensure_sorted_indices = Remove0(), EnsureSortedIndices(inplace=False)
EliminateZeros, eliminate_zeros = Remove0, remove0


def clean(x: Any) -> Any:
    """Return ``x`` without stored zeros and with sorted indices."""
    return ensure_sorted_indices(remove0(x))
