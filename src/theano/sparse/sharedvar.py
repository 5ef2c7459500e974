"""Theano's ``theano.sparse.sharedvar``: names of Theon."""

from theon.sparse.shared import SparseTensorSharedVariable, sparse_constructor
from theon.sparse.type import SparseType
from theon.tensor.shared import SharedVariable, shared_constructor
