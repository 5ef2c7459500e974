"""Theano's ``theano.tensor.shared_randomstreams``: names of Theon."""

from theon.tensor.shared import SharedVariable, shared, shared_constructor
