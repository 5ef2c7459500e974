"""Theano's ``theano.compile.function``: names of Theon."""

from theano._modules import modules
from theano.compile.function import pfunc, types
from theon.compile.function import function
from theon.compile.rebuild import orig_function, pfunc
from theon.legacy.pickles import function_dump
from theon.legacy.python2 import string_types

__getattr__ = modules(__name__, {"compat": "theano.compat"})
