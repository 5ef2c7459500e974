"""Theano's ``theano.configdefaults``: names of Theon."""

from theano._modules import modules
from theon.legacy.python2 import string_types
from theon.ops.reduce import var
from theon.options import config

__getattr__ = modules(__name__, {"theano": "theano"})
