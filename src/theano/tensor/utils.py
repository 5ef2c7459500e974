"""Theano's ``theano.tensor.utils``: names of Theon."""

from theano._modules import modules

__getattr__ = modules(__name__, {"theano": "theano"})
