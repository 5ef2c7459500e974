"""Theano's ``theano.scan_module.scan_checkpoints``: names of Theon."""

from theano._modules import modules
from theon.control.checkpoints import scan_checkpoints
from theon.ops.join import Join

__getattr__ = modules(__name__, {"theano": "theano"})
