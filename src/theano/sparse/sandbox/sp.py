"""Theano's ``theano.sparse.sandbox.sp``: names of Theon."""

from theon.graph.op import Op
from theon.sparse.arith import ColScaleCSC, RowScaleCSC, col_scale, row_scale
from theon.sparse.reduce import Diag, SpSum, SquareDiagonal, diag, sp_sum, square_diagonal
from theon.sparse.tidy import EnsureSortedIndices, Remove0, clean, ensure_sorted_indices, remove0
from theon.tensor.constructors import tensor
