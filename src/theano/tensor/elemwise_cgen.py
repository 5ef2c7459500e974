"""Theano's ``theano.tensor.elemwise_cgen``: names of Theon."""

from theano._modules import modules

__getattr__ = modules(__name__, {"theano": "theano"})
