"""Theano's ``theano.sparse.utils``: names of Theon."""

from theon.sparse.variable import hash_from_sparse
