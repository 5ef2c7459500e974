"""Sums and products of sparse matrices with sparse and dense ones; transposes, scaling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.variable import Apply
from theon.sparse.convert import dense_from_sparse
from theon.sparse.csm import sp_ones_like
from theon.sparse.declare import SparseOp, check_same_shape, common_dtype, is_sparse_var
from theon.sparse.reduce import sp_sum
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_or_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "AddSD",
    "AddSS",
    "AddSSData",
    "ColScaleCSC",
    "MulSD",
    "MulSS",
    "MulSV",
    "Neg",
    "RowScaleCSC",
    "StructuredAddSV",
    "Transpose",
    "add",
    "mul",
    "sub",
]


class Transpose(SparseOp):
    """The transpose: a csc matrix becomes csr, a csr matrix csc."""

    __module__ = "theano.sparse.basic"
    view_map = {0: [0]}
    formats = ("csc", "csr", "bsr")
    format_map = {"csr": "csc", "csc": "csr", "bsr": "bsr"}

    def __str__(self) -> str:
        return "Sparse" + type(self).__name__

    def infer(self, x: Any) -> SparseType:
        """The other format."""
        return SparseType(self.format_map[x.format], x.dtype)

    def compute(self, x: Any) -> Any:
        """Transpose."""
        return x.transpose()

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The transpose."""
        return [transpose(output_grads[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes swapped."""
        return [shapes[0][::-1]]


transpose = Transpose()


class _LikeFirst(SparseOp):
    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As the first input."""
        return [shapes[0]]


class Neg(_LikeFirst):
    """The negative."""

    __module__ = "theano.sparse.basic"

    def __str__(self) -> str:
        return "Sparse" + type(self).__name__

    def compute(self, x: Any) -> Any:
        """Negate."""
        return -x

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The negative."""
        return [-output_grads[0]]


neg = Neg()


def _scaled(x: Any, factors: np.ndarray) -> Any:
    return type(x)((x.data * factors, x.indices, x.indptr), shape=x.shape)


class _Scale(_LikeFirst):
    takes = "sd"
    formats = ("csc",)

    def infer(self, x: Any, s: Any) -> SparseType:
        """The upcast."""
        if s.type.ndim != 1:
            raise TypeError(message(f"{self} takes a vector of factors", [s]))
        return SparseType(x.format, common_dtype(x, s))


class ColScaleCSC(_Scale):
    """Each column of a csc matrix times an element of a vector."""

    __module__ = "theano.sparse.basic"

    def compute(self, x: Any, s: Any) -> Any:
        """Scale. ValueError where the vector's length is not the number of columns."""
        if s.shape != (x.shape[1],):
            raise ValueError(f"{self}: {s.shape[0]} factors for {x.shape[1]} columns")
        return _scaled(x, np.repeat(s, np.diff(x.indptr)))

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Scale the gradient; sum over each column."""
        (x, s), (g,) = inputs, output_grads
        return [col_scale(g, s), sp_sum(mul_s_s(x, g), axis=0)]


class RowScaleCSC(_Scale):
    """Each row of a csc matrix times an element of a vector."""

    __module__ = "theano.sparse.basic"
    view_map: dict[int, list[int]] = {}

    def compute(self, x: Any, s: Any) -> Any:
        """Scale. ValueError where the vector's length is not the number of rows."""
        if s.shape != (x.shape[0],):
            raise ValueError(f"{self}: {s.shape[0]} factors for {x.shape[0]} rows")
        return _scaled(x, s[x.indices])

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Scale the gradient; sum over each row."""
        (x, s), (g,) = inputs, output_grads
        return [row_scale(g, s), sp_sum(mul_s_s(x, g), axis=1)]


def col_scale(x: Any, s: Any) -> Any:
    """Return ``x`` with column ``j`` times ``s[j]``; ``s`` is a vector. NotImplementedError for formats other than csc and csr."""
    x = as_sparse_or_tensor_variable(x)
    if x.format == "csc":
        return ColScaleCSC()(x, s)
    if x.format == "csr":
        return RowScaleCSC()(x.T, s).T
    raise NotImplementedError(f"col_scale of the format {x.format}")


def row_scale(x: Any, s: Any) -> Any:
    """Return ``x`` with row ``i`` times ``s[i]``; ``s`` is a vector."""
    return col_scale(as_sparse_or_tensor_variable(x).T, s).T


# --- sums ---------------------------------------------------------------------------------------------------------------


class AddSS(_LikeFirst):
    """The sum of two sparse matrices, in the first one's format."""

    __module__ = "theano.sparse.basic"
    takes = "ss"

    def infer(self, x: Any, y: Any) -> SparseType:
        """The upcast."""
        return SparseType(x.format, common_dtype(x, y))

    def compute(self, x: Any, y: Any) -> Any:
        """Add."""
        check_same_shape(self, x, y)
        return x + y

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient to both."""
        return [output_grads[0], output_grads[0]]


class AddSSData(AddSS):
    """The sum of two sparse matrices that store the same places: their data are added. TypeError for different types."""

    __module__ = "theano.sparse.basic"

    def infer(self, x: Any, y: Any) -> SparseType:
        """The same type."""
        if x.type != y.type:
            raise TypeError(message(f"{self} takes two matrices of the same type", [x, y]))
        return x.type  # type: ignore[no-any-return]

    def compute(self, x: Any, y: Any) -> Any:
        """Add the data. ValueError where the structures differ."""
        check_same_shape(self, x, y)
        if not (np.array_equal(x.indptr, y.indptr) and np.array_equal(x.indices, y.indices)):
            raise ValueError(f"{self}: the matrices store different places")
        return type(x)((x.data + y.data, x.indices, x.indptr), shape=x.shape)


class AddSD(SparseOp):
    """The sum of a sparse and a dense matrix: dense. The gradient by the sparse one is taken at its stored places."""

    __module__ = "theano.sparse.basic"
    takes = "sd"

    def infer(self, x: Any, y: Any) -> TensorType:
        """A matrix."""
        if y.type.ndim != 2:
            raise TypeError(message(f"{self} adds a sparse matrix to a dense matrix", [x, y]))
        return TensorType(common_dtype(x, y), y.type.broadcastable)

    def compute(self, x: Any, y: Any) -> Any:
        """Add."""
        check_same_shape(self, x, y)
        return np.asarray(x + y)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """At the stored places; everywhere."""
        (g,) = output_grads
        return [mul_s_d(sp_ones_like(inputs[0]), g), g]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As the dense one."""
        return [shapes[1]]


class StructuredAddSV(_LikeFirst):
    """A vector added to each row of a sparse matrix, at its nonzero places only."""

    __module__ = "theano.sparse.basic"
    takes = "sd"

    def infer(self, x: Any, y: Any) -> SparseType:
        """The upcast."""
        if y.type.ndim != 1:
            raise TypeError(message(f"{self} adds a vector", [x, y]))
        return SparseType(x.format, common_dtype(x, y))

    def compute(self, x: Any, y: Any) -> Any:
        """Add."""
        return _with_row(self, x, y, np.add)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """At the stored places; summed over the rows."""
        (x, _), (g,) = inputs, output_grads
        kept = mul_s_s(sp_ones_like(x), g)
        return [kept, sp_sum(kept, axis=0, sparse_grad=True)]


def _with_row(op: Any, x: Any, row: np.ndarray, function: Any) -> Any:
    if row.shape[0] not in (1, x.shape[1]):
        raise ValueError(f"{op}: a vector of {row.shape[0]} elements for {x.shape[1]} columns")
    columns = x.indices if x.format == "csr" else np.repeat(np.arange(x.shape[1]), np.diff(x.indptr))
    data = function(x.data, row[columns] if row.shape[0] != 1 else row[0])
    return type(x)((data, x.indices, x.indptr), shape=x.shape)


add_s_s, add_s_s_data, add_s_d, structured_add_s_v = AddSS(), AddSSData(), AddSD(), StructuredAddSV()


# --- products -------------------------------------------------------------------------------------------------------------


class MulSS(_LikeFirst):
    """The product of two sparse matrices, element by element, in the first one's format."""

    __module__ = "theano.sparse.basic"
    takes = "ss"

    def infer(self, x: Any, y: Any) -> SparseType:
        """The upcast."""
        return SparseType(x.format, common_dtype(x, y))

    def compute(self, x: Any, y: Any) -> Any:
        """Multiply."""
        check_same_shape(self, x, y)
        return x.multiply(y)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The product with the other."""
        (x, y), (g,) = inputs, output_grads
        return [mul_s_s(y, g), mul_s_s(x, g)]


class MulSD(_LikeFirst):
    """A sparse matrix times a dense matrix or number, element by element: sparse, the same places stored."""

    __module__ = "theano.sparse.basic"
    takes = "sd"

    def infer(self, x: Any, y: Any) -> SparseType:
        """The upcast."""
        if y.type.ndim not in (0, 2):
            raise TypeError(message(f"{self} multiplies by a matrix or a number", [x, y]))
        return SparseType(x.format, common_dtype(x, y))

    def compute(self, x: Any, y: Any) -> Any:
        """Multiply."""
        if y.ndim == 0:
            return _scaled(x, y)
        check_same_shape(self, x, y)
        outer = np.repeat(np.arange(len(x.indptr) - 1), np.diff(x.indptr))
        return _scaled(x, y[outer, x.indices] if x.format == "csr" else y[x.indices, outer])

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The products with the other; summed where that is a number."""
        (x, y), (g,) = inputs, output_grads
        if y.type.ndim == 0:
            return [mul_s_d(g, y), sp_sum(mul_s_s(x, g))]
        return [mul_s_d(g, y), dense_from_sparse(mul_s_s(x, g))]


class MulSV(_LikeFirst):
    """Each row of a sparse matrix times a dense vector, element by element: sparse."""

    __module__ = "theano.sparse.basic"
    takes = "sd"

    def infer(self, x: Any, y: Any) -> SparseType:
        """The upcast."""
        if y.type.ndim != 1:
            raise TypeError(message(f"{self} multiplies by a vector", [x, y]))
        return SparseType(x.format, common_dtype(x, y))

    def compute(self, x: Any, y: Any) -> Any:
        """Multiply."""
        return _with_row(self, x, y, np.multiply)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The product with the vector; with the matrix, summed over rows."""
        (x, y), (g,) = inputs, output_grads
        return [mul_s_v(g, y), sp_sum(mul_s_s(x, g), axis=0, sparse_grad=True)]


mul_s_s, mul_s_d, mul_s_v = MulSS(), MulSD(), MulSV()


# --- choosing by kind -----------------------------------------------------------------------------------------------------


def _both(x: Any, y: Any, name: str) -> tuple[Any, Any]:
    x, y = as_sparse_or_tensor_variable(x), as_sparse_or_tensor_variable(y)
    if not (is_sparse_var(x) or is_sparse_var(y)):
        raise TypeError(message(f"sparse.{name}: one operand has to be sparse", [x, y]))
    return x, y


def add(x: Any, y: Any) -> Any:
    """Return ``x + y``, one of which is sparse: sparse where both are, else dense.

    >>> from theon.sparse.variable import csr_matrix
    >>> add(csr_matrix("x"), csr_matrix("y")).type
    Sparse[float64, csr]
    """
    x, y = _both(x, y, "add")
    if is_sparse_var(x) and is_sparse_var(y):
        return add_s_s(x, y)
    return add_s_d(x, y) if is_sparse_var(x) else add_s_d(y, x)


def sub(x: Any, y: Any) -> Any:
    """Return ``x - y``, one of which is sparse: sparse where both are, else dense."""
    x, y = _both(x, y, "sub")
    return add(x, -y)


def mul(x: Any, y: Any) -> Any:
    """Return ``x * y`` element by element, one of which is sparse; a dense one may be a matrix or a number. Sparse."""
    x, y = _both(x, y, "mul")
    if is_sparse_var(x) and is_sparse_var(y):
        return mul_s_s(x, y)
    s, d = (x, y) if is_sparse_var(x) else (y, x)
    return mul_s_d(s, d)
