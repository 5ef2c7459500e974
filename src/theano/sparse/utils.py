"""Theano's ``theano.sparse.utils``: names of Theon."""

from theon.legacy.helpers import hash_from_code
from theon.sparse.variable import hash_from_sparse
