"""Theano's ``theano.sparse.opt``: names of Theon."""

from theon.tensor.constructors import scalar, tensor
