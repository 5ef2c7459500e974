"""Theano's ``theano.tensor.raw_random``: names of Theon."""

from theon.tensor.constructors import tensor
