"""Theano's ``theano.misc.safe_asarray``: names of Theon."""

from theano._modules import modules
from theon.legacy.asarray import _asarray

__getattr__ = modules(__name__, {"theano": "theano"})
