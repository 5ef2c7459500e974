"""Between dense and sparse, between dtypes and formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import all_dtypes, integer_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.dims import dimshuffle, patternbroadcast
from theon.options import config
from theon.sparse.csm import sp_ones_like
from theon.sparse.declare import SparseOp, cast_any, is_sparse_var
from theon.sparse.type import SparseType, is_sparse
from theon.sparse.variable import as_sparse_variable
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["Cast", "ConstructSparseFromList", "DenseFromSparse", "SparseFromDense", "cast", "sparse_grad"]


class Cast(SparseOp):
    """A sparse matrix cast to ``out_type``, the same places stored."""

    __module__ = "theano.sparse.basic"
    __props__ = ("out_type",)
    formats = ("csc", "csr", "bsr")

    def __init__(self, out_type: str) -> None:
        self.out_type = out_type

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.out_type}}}"

    def infer(self, x: Any) -> SparseType:
        """The same format."""
        return SparseType(x.format, self.out_type)

    def compute(self, x: Any) -> Any:
        """Cast."""
        return x.astype(self.out_type)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Cast back."""
        return [cast_any(output_grads[0], inputs[0].dtype)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The same."""
        return [shapes[0]]


bcast, wcast, icast, lcast = Cast("int8"), Cast("int16"), Cast("int32"), Cast("int64")
fcast, dcast, ccast, zcast = Cast("float32"), Cast("float64"), Cast("complex64"), Cast("complex128")


def cast(variable: Any, dtype: Any) -> Any:
    """Return a sparse variable cast to ``dtype`` ("floatX" allowed). TypeError for an unknown dtype."""
    name = config.floatX if dtype == "floatX" else str(dtype) if str(dtype) in all_dtypes else np.dtype(dtype).name
    return Cast(name)(variable)


class Reformat(SparseOp):
    """The same matrix in another storage format."""

    __module__ = "theano.sparse.basic"
    __props__ = ("format",)
    formats = ("csc", "csr", "bsr")

    def __init__(self, format: str) -> None:
        self.format = format

    def infer(self, x: Any) -> SparseType:
        """The same dtype."""
        return SparseType(self.format, x.dtype)

    def compute(self, x: Any) -> Any:
        """Convert."""
        return x.asformat(self.format)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Convert back."""
        return [Reformat(inputs[0].format)(output_grads[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The same."""
        return [shapes[0]]


def reformatted(x: Any, format: str) -> Any:
    """Return sparse ``x`` in ``format``; itself where it has it."""
    return x if x.format == format else Reformat(format)(x)


class DenseFromSparse(SparseOp):
    """A sparse matrix as a dense one.

    ``structured``: the gradient is taken at the stored places only, otherwise everywhere.
    """

    __module__ = "theano.sparse.basic"
    __props__ = ()
    formats = ("csc", "csr", "bsr")

    def __init__(self, structured: bool = True) -> None:
        self.sparse_grad = structured

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.sparse_grad == other.sparse_grad  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.sparse_grad))

    def __str__(self) -> str:
        return f"{type(self).__name__}{{structured_grad={self.sparse_grad}}}"

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return TensorType(x.dtype, (False, False))

    def compute(self, x: Any) -> Any:
        """Spread out."""
        return x.toarray() if is_sparse(x) else x

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """At the stored places, or everywhere."""
        from theon.sparse.arith import mul_s_d

        (x,), (g,) = inputs, output_grads
        if self.sparse_grad:
            return [mul_s_d(sp_ones_like(x), g)]
        return [SparseFromDense(x.format)(g)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The same."""
        return [shapes[0]]


dense_from_sparse = DenseFromSparse()


class SparseFromDense(SparseOp):
    """A dense matrix as a sparse one of ``format``; a vector becomes a row. TypeError for more than two dimensions."""

    __module__ = "theano.sparse.basic"
    __props__ = ("format",)
    takes = "d"

    def __init__(self, format: str) -> None:
        self.format = format

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.format}}}"

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Add dimensions on the left."""
        (x,) = super().convert(*inputs)
        if x.type.ndim > 2:
            raise TypeError(
                message(f"Theano does not have sparse tensor types with more than 2 dimensions, but ndim = {x.type.ndim}", [x])
            )  # fmt: skip
        return [x if x.type.ndim == 2 else dimshuffle(x, *["x"] * (2 - x.type.ndim), *range(x.type.ndim))]

    def infer(self, x: Any) -> SparseType:
        """The same dtype."""
        return SparseType(self.format, x.dtype)

    def compute(self, x: Any) -> Any:
        """Keep what is not zero."""
        return SparseType.format_cls[self.format](x)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient made dense."""
        return [patternbroadcast(dense_from_sparse(output_grads[0]), inputs[0].type.broadcastable)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The same."""
        return [shapes[0]]


csr_from_dense, csc_from_dense = SparseFromDense("csr"), SparseFromDense("csc")


class ConstructSparseFromList(SparseOp):
    """A csc matrix of the shape of ``x`` whose rows ``ilist`` are the rows of ``values``; repeated rows are summed.

    TypeError where ``x`` or ``values`` is no matrix or ``ilist`` no integer vector.
    """

    __module__ = "theano.sparse.basic"
    takes = "ddd"

    def infer(self, x: Any, values: Any, ilist: Any) -> SparseType:
        """The dtype of ``x``."""
        if ilist.type.dtype not in integer_dtypes:
            raise TypeError("index must be integers", ilist.type)
        if ilist.type.ndim != 1:
            raise TypeError("index must be vector", ilist.type)
        if x.type.ndim != 2:
            raise TypeError(f"cannot create a sparse matrix with {x.type.ndim} dimensions")
        if values.type.ndim != 2:
            raise TypeError(f"cannot create a sparse matrix from values with {values.type.ndim} dimensions")
        return SparseType("csc", x.dtype)

    def compute(self, x: Any, values: Any, ilist: Any) -> Any:
        """Put the rows at their places. ValueError or IndexError where the sizes do not fit."""
        rows, columns = values.shape
        if rows != len(ilist) or columns != x.shape[1]:
            raise ValueError(
                f"construct_sparse_from_list: {len(ilist)} rows of {x.shape[1]} wanted, values are {values.shape}"
            )
        n = x.shape[0]
        if rows and (ilist.min() < -n or ilist.max() >= n):
            raise IndexError(f"construct_sparse_from_list: a row of {ilist} is not in a matrix of {n} rows")
        indices = np.tile(np.where(ilist < 0, ilist + n, ilist), columns)
        indptr = np.arange(columns + 1) * rows
        return SparseType.format_cls["csc"]((values.T.ravel(), indices, indptr), shape=x.shape)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The indices do not matter."""
        return [[True], [True], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Nothing by ``x``, of which only the shape counts; the rows of the gradient by ``values``."""
        from theon.ops.fill import zeros_like

        (g,) = output_grads
        return [zeros_like(inputs[0]), DenseFromSparse(False)(g)[inputs[2]], DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As ``x``."""
        return [shapes[0]]


construct_sparse_from_list = ConstructSparseFromList()


def sparse_grad(var: Any) -> Any:
    """Return ``var``, rows ``x[indices]`` of a matrix, such that its gradient by ``x`` is a sparse matrix.

    TypeError where ``var`` is not a choice of rows by an integer vector.

    >>> import theon.tensor as T
    >>> from theon.autodiff import grad
    >>> w = T.dmatrix("w")
    >>> grad(sparse_grad(w[T.lvector("i")]).sum(), w).type
    Sparse[float64, csc]
    """
    from theon.ops.elements import AdvancedSubtensor1

    node = getattr(var, "owner", None)
    if node is None or not isinstance(node.op, AdvancedSubtensor1):
        raise TypeError(f"sparse_grad wants x[indices] with a vector of indices, not {var}")
    return AdvancedSubtensor1(sparse_grad=True)(*node.inputs)


def as_kind_of(g: Any, x: Any) -> Any:
    """Return a gradient dense or sparse as ``x`` is."""
    if is_sparse_var(x):
        return reformatted(as_sparse_variable(g), x.format) if is_sparse_var(g) else SparseFromDense(x.format)(g)
    return dense_from_sparse(g) if is_sparse_var(g) else as_tensor_variable(g)
