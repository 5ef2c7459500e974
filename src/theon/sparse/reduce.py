"""Sums and diagonals of sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.variable import Apply
from theon.ops.dims import dimshuffle
from theon.ops.fill import ones_like
from theon.sparse.convert import SparseFromDense, dense_from_sparse
from theon.sparse.csm import sp_ones_like
from theon.sparse.declare import SparseOp
from theon.sparse.type import SparseType
from theon.tensor.type import TensorType

__all__ = ["Diag", "SpSum", "SquareDiagonal", "sp_sum"]


class SpSum(SparseOp):
    """The sum of all elements, or along one axis: dense.

    ``sparse_grad``: the gradient is taken at the stored places only. ValueError for an axis other than None, 0, 1.
    """

    __module__ = "theano.sparse.basic"
    __props__ = ("axis",)

    def __init__(self, axis: int | None = None, sparse_grad: bool = True) -> None:
        if axis not in (None, 0, 1):
            raise ValueError("Illegal value for self.axis.", axis)
        self.axis, self.structured = axis, bool(sparse_grad)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.axis, self.structured))

    def __str__(self) -> str:
        return f"{type(self).__name__}{{axis={self.axis}}}"

    def infer(self, x: Any) -> TensorType:
        """A number or a vector of the same dtype."""
        return TensorType(x.dtype, () if self.axis is None else (False,))

    def compute(self, x: Any) -> Any:
        """Sum."""
        return np.asarray(x.sum(self.axis)).reshape(() if self.axis is None else -1)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient at the stored places, or everywhere."""
        from theon.sparse import arith

        (x,), (g,) = inputs, output_grads
        if self.structured:
            ones = sp_ones_like(x)
            scale = {None: arith.mul_s_d, 0: arith.col_scale, 1: arith.row_scale}[self.axis]
            return [scale(ones, g)]
        if self.axis is not None:
            g = dimshuffle(g, "x", 0) if self.axis == 0 else dimshuffle(g, 0, "x")
        return [SparseFromDense(x.format)(ones_like(dense_from_sparse(x)) * g)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The size that is left."""
        return [() if self.axis is None else (shapes[0][1 - self.axis],)]


def sp_sum(x: Any, axis: int | None = None, sparse_grad: bool = False) -> Any:
    """Return the sum of a sparse matrix: a number, or a vector where ``axis`` is 0 or 1.

    ``sparse_grad``: take the gradient at the stored places only. ValueError for another axis.
    """
    return SpSum(axis, sparse_grad)(x)


class Diag(SparseOp):
    """The diagonal of a square sparse matrix, a dense vector."""

    __module__ = "theano.sparse.basic"

    def infer(self, x: Any) -> TensorType:
        """A vector."""
        return TensorType(x.dtype, (False,))

    def compute(self, x: Any) -> Any:
        """Read it. ValueError where the matrix is not square."""
        if x.shape[0] != x.shape[1]:
            raise ValueError(f"Diag only apply on square matrix, not on one of shape {tuple(x.shape)}")
        return x.diagonal()

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """A diagonal matrix."""
        return [square_diagonal(output_grads[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As many as there are rows."""
        return [(shapes[0][0],)]


class SquareDiagonal(SparseOp):
    """A csc matrix with the elements of a vector on its diagonal. TypeError for other ranks."""

    __module__ = "theano.sparse.basic"
    takes = "d"

    def infer(self, diag: Any) -> SparseType:
        """A csc matrix."""
        if diag.type.ndim != 1:
            raise TypeError(message("data argument must be a vector", [diag]))
        return SparseType("csc", diag.dtype)

    def compute(self, diag: Any) -> Any:
        """Put them on the diagonal."""
        n = len(diag)
        return SparseType.format_cls["csc"]((diag.copy(), np.arange(n), np.arange(n + 1)), (n, n))

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The diagonal."""
        return [diag(output_grads[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Square."""
        return [(shapes[0][0], shapes[0][0])]


diag, square_diagonal = Diag(), SquareDiagonal()
