"""Sparse matrices: a type for SciPy's compressed formats, ops on them, their gradients."""

from theon.sparse.arith import add, col_scale, mul, row_scale, sub
from theon.sparse.convert import cast, csc_from_dense, csr_from_dense, dense_from_sparse, sparse_grad
from theon.sparse.csm import CSC, CSM, CSR, csm_properties, sp_ones_like, sp_zeros_like
from theon.sparse.index import getitem
from theon.sparse.join import hstack, vstack
from theon.sparse.methods import METHODS
from theon.sparse.products import dot, sampling_dot, structured_dot, true_dot, usmm
from theon.sparse.reduce import diag, sp_sum, square_diagonal
from theon.sparse.shared import SparseTensorSharedVariable
from theon.sparse.structured import structured_monoid
from theon.sparse.tidy import clean, ensure_sorted_indices, remove0
from theon.sparse.type import SparseType
from theon.sparse.variable import (
    SparseConstant,
    SparseVariable,
    as_sparse_variable,
    bsr_matrix,
    constant,
    csc_matrix,
    csr_matrix,
    matrix,
)

__all__ = [
    "CSC", "CSM", "CSR", "METHODS", "SparseConstant", "SparseTensorSharedVariable", "SparseType", "SparseVariable", "add",
    "as_sparse_variable", "bsr_matrix", "cast", "clean", "col_scale", "constant", "csc_from_dense", "csc_matrix",
    "csm_properties", "csr_from_dense", "csr_matrix", "dense_from_sparse", "diag", "dot", "ensure_sorted_indices", "getitem",
    "hstack", "matrix", "mul", "remove0", "row_scale", "sampling_dot", "sp_ones_like", "sp_sum", "sp_zeros_like",
    "sparse_grad", "square_diagonal", "structured_dot", "structured_monoid", "sub", "true_dot", "usmm", "vstack",
]  # fmt: skip
