"""Theano's ``theano.sparse.sharedvar``: names of Theon."""

from theon.tensor.shared import SharedVariable, shared_constructor
