"""Theano's ``theano.compile.io``: names of Theon."""

from theano._modules import modules
from theon.compile.io import In, Out, SymbolicInput, SymbolicOutput
from theon.legacy.python2 import string_types
from theon.tensor.shared import SharedVariable

__getattr__ = modules(__name__, {"gof": "theano.gof"})
