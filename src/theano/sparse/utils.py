"""Theano's ``theano.sparse.utils``: names of Theon."""

from theon.legacy.markers import hash_from_code
from theon.sparse.variable import hash_from_sparse
