"""Theano's ``theano.sparse.sandbox.truedot``: names of Theon."""

from theon.sparse.arith import transpose
from theon.sparse.convert import dense_from_sparse
from theon.sparse.products import TrueDot, true_dot
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_variable
from theon.tensor.constructors import tensor
