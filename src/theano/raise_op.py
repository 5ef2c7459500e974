"""Theano's ``theano.raise_op``: names of Theon."""

from theano._modules import modules
from theon.ops.checks import Raise

__getattr__ = modules(__name__, {"gof": "theano.gof"})
