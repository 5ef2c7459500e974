"""Theano's ``theano.sparse.type``: names of Theon."""

from theon.sparse.type import SparseType, imported_scipy, string_types
