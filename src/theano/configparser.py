"""Theano's ``theano.configparser``: names of Theon."""

from theano._modules import modules
from theon.legacy.python2 import PY3, string_types
from theon.options import Config, change_flags, config

__getattr__ = modules(__name__, {"theano": "theano"})
