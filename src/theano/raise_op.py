"""Theano's ``theano.raise_op``: names of Theon."""

from theano._modules import modules

__getattr__ = modules(__name__, {"gof": "theano.gof"})
