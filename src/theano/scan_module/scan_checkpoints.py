"""Theano's ``theano.scan_module.scan_checkpoints``: names of Theon."""

from theano._modules import modules
from theon.ops.join import Join

__getattr__ = modules(__name__, {"theano": "theano"})
