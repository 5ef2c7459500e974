"""Sparse ops on matrices given by their arrays: what Theano's rewrites put in place of ops on whole matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.sparse.arith import AddSD, _with_row
from theon.sparse.csm import CSMGrad
from theon.sparse.declare import SparseOp, common_dtype
from theon.sparse.products import _check_inner, _pattern_product
from theon.sparse.type import SparseType
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "AddSD_ccode",
    "CSMGradC",
    "MulSDCSC",
    "MulSDCSR",
    "MulSVCSR",
    "SamplingDotCSR",
    "StructuredAddSVCSR",
    "StructuredDotCSC",
    "StructuredDotCSR",
    "UsmmCscDense",
]


def _made(format: str, parts: Sequence[Any], shape: tuple[int, int]) -> Any:
    return SparseType.format_cls[format](tuple(parts), shape=shape)


class StructuredDotCSC(SparseOp):
    """The product of a csc matrix, given as values, indices, indptr and number of rows, and a dense matrix: dense."""

    __module__ = "theano.sparse.opt"
    takes = "ddddd"

    def infer(self, a_val: Any, a_ind: Any, a_ptr: Any, a_nrows: Any, b: Any) -> TensorType:
        """A matrix."""
        return TensorType(common_dtype(a_val, b), (False, b.type.broadcastable[1]))

    def compute(self, a_val: Any, a_ind: Any, a_ptr: Any, a_nrows: Any, b: Any) -> Any:
        """Multiply."""
        a = _made("csc", (a_val, a_ind, a_ptr), (int(a_nrows), len(a_ptr) - 1))
        _check_inner(self, a, b)
        return a @ b


class StructuredDotCSR(SparseOp):
    """The product of a csr matrix, given as values, indices and indptr, and a dense matrix: dense."""

    __module__ = "theano.sparse.opt"
    takes = "dddd"

    def infer(self, a_val: Any, a_ind: Any, a_ptr: Any, b: Any) -> TensorType:
        """A matrix."""
        return TensorType(common_dtype(a_val, b), (False, b.type.broadcastable[1]))

    def compute(self, a_val: Any, a_ind: Any, a_ptr: Any, b: Any) -> Any:
        """Multiply. ValueError where an index is beyond the rows of ``b``."""
        if len(a_ind) and a_ind.max() >= b.shape[0]:
            raise ValueError(f"{self}: index {a_ind.max()} but the dense matrix has {b.shape[0]} rows")
        return _made("csr", (a_val, a_ind, a_ptr), (len(a_ptr) - 1, b.shape[0])) @ b


class UsmmCscDense(SparseOp):
    """``alpha * x y + z`` with ``x`` a csc matrix given as values, indices, indptr and number of rows; dense."""

    __module__ = "theano.sparse.opt"
    __props__ = ("inplace",)
    takes = "ddddddd"

    def __init__(self, inplace: bool) -> None:
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [6]}

    def __str__(self) -> str:
        return f"UsmmCscDense{{{'inplace' if self.inplace else 'no_inplace'}}}"

    def infer(self, alpha: Any, x_val: Any, x_ind: Any, x_ptr: Any, x_nrows: Any, y: Any, z: Any) -> TensorType:
        """A matrix. TypeError where ``alpha`` is no scalar."""
        if not all(alpha.type.broadcastable):
            raise TypeError(message(f"{self}: alpha has to be a scalar", [alpha]))
        return TensorType(common_dtype(alpha, x_val, y, z), (False, False))

    def compute(self, alpha: Any, x_val: Any, x_ind: Any, x_ptr: Any, x_nrows: Any, y: Any, z: Any) -> Any:
        """Multiply and add."""
        x = _made("csc", (x_val, x_ind, x_ptr), (int(x_nrows), len(x_ptr) - 1))
        _check_inner(self, x, y)
        return alpha.reshape(()) * (x @ y) + z


class CSMGradC(CSMGrad):
    """The elements of one compressed matrix at the places that another one stores."""

    __module__ = "theano.sparse.opt"

    def __init__(self) -> None:
        super().__init__(None)


class _DataOp(SparseOp):
    """An op from values, indices and indptr of a matrix and a dense operand to new values."""

    takes = "dddd"
    ndim = 2

    def infer(self, a_data: Any, a_indices: Any, a_indptr: Any, b: Any) -> TensorType:
        """A vector. TypeError where the dense operand has another rank."""
        if b.type.ndim != self.ndim:
            raise TypeError(message(f"{self}: the dense operand must have {self.ndim} dimensions", [b]))
        return TensorType(common_dtype(a_data, b), (False,))

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As the values."""
        return [shapes[0]]


def _outer(indptr: Any) -> np.ndarray:
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


class MulSDCSC(_DataOp):
    """The values of a csc matrix times the elements of a dense matrix at the same places."""

    __module__ = "theano.sparse.opt"

    def compute(self, a_data: Any, a_indices: Any, a_indptr: Any, b: Any) -> Any:
        """Multiply."""
        return a_data * b[a_indices, _outer(a_indptr)]


class MulSDCSR(_DataOp):
    """The values of a csr matrix times the elements of a dense matrix at the same places."""

    __module__ = "theano.sparse.opt"

    def compute(self, a_data: Any, a_indices: Any, a_indptr: Any, b: Any) -> Any:
        """Multiply."""
        return a_data * b[_outer(a_indptr), a_indices]


class MulSVCSR(_DataOp):
    """The values of a csr matrix times the elements of a vector at their columns."""

    __module__ = "theano.sparse.opt"
    ndim = 1

    def compute(self, a_data: Any, a_indices: Any, a_indptr: Any, b: Any) -> Any:
        """Multiply."""
        return a_data * b[a_indices]


class StructuredAddSVCSR(_DataOp):
    """The values of a csr matrix plus the elements of a vector at their columns."""

    __module__ = "theano.sparse.opt"
    ndim = 1

    def compute(self, a_data: Any, a_indices: Any, a_indptr: Any, b: Any) -> Any:
        """Add."""
        return _with_row(self, _made("csr", (a_data, a_indices, a_indptr), (len(a_indptr) - 1, len(b))), b, np.add).data


class SamplingDotCSR(Op):
    """``p * (x y')`` with ``p`` a csr matrix given as values, indices, indptr and number of columns: values, indices, indptr."""

    __module__ = "theano.sparse.opt"
    __props__ = ()

    def make_node(self, x: Any, y: Any, p_data: Any, p_ind: Any, p_ptr: Any, p_ncols: Any) -> Apply:
        """Return the node."""
        x, y, p_data, p_ind, p_ptr, p_ncols = map(as_tensor_variable, (x, y, p_data, p_ind, p_ptr, p_ncols))
        data = TensorType(common_dtype(x, y, p_data), (False,))()
        return Apply(self, [x, y, p_data, p_ind, p_ptr, p_ncols], [data, p_ind.type(), p_ptr.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Multiply where it counts. ValueError where the inner sizes differ."""
        x, y, data, indices, indptr, _ = inputs
        if x.shape[1] != y.shape[1]:
            raise ValueError(f"{self}: inner sizes differ: {x.shape} and {y.shape}")
        found = _pattern_product(x, y, indices, indptr, True) * data
        output_storage[0][0] = found.astype(node.outputs[0].type.dtype)  # type: ignore[attr-defined]
        output_storage[1][0], output_storage[2][0] = indices.copy(), indptr.copy()


class AddSD_ccode(AddSD):
    """The sum of a sparse matrix of one ``format`` and a dense matrix; ``inplace`` overwrites the dense one."""

    __module__ = "theano.sparse.opt"
    __props__ = ("format", "inplace")

    def __init__(self, format: str, inplace: bool = False, *args: Any, **kwargs: Any) -> None:
        self.format, self.inplace, self.formats = format, inplace, (format,)
        if inplace:
            self.destroy_map = {0: [1]}

    def __str__(self) -> str:
        return f"AddSD_ccode{{{'inplace' if self.inplace else ''}}}"


sd_csc, sd_csr, csm_grad_c = StructuredDotCSC(), StructuredDotCSR(), CSMGradC()
usmm_csc_dense, usmm_csc_dense_inplace = UsmmCscDense(inplace=False), UsmmCscDense(inplace=True)
mul_s_d_csc, mul_s_d_csr, mul_s_v_csr = MulSDCSC(), MulSDCSR(), MulSVCSR()
structured_add_s_v_csr, sampling_dot_csr = StructuredAddSVCSR(), SamplingDotCSR()
