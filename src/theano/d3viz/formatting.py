"""Theano's ``theano.d3viz.formatting``: names of Theon."""

from theano._modules import modules
from theon.runtime.function import Function

__getattr__ = modules(__name__, {"builders": "theano.compile.builders", "gof": "theano.gof", "theano": "theano"})
