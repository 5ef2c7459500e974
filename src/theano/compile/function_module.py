"""Theano's ``theano.compile.function_module``: names of Theon."""

from theano._modules import modules
from theon.compile.function import FunctionMaker
from theon.compile.io import In, SymbolicInput, SymbolicOutput
from theon.errors import AliasedMemoryError, UnusedInputError
from theon.graph.destroy import Supervisor
from theon.graph.traverse import is_same_graph
from theon.legacy.python2 import string_types
from theon.options import config
from theon.runtime.function import Function

__getattr__ = modules(__name__, {"gof": "theano.gof", "graph": "theano.gof.graph", "theano": "theano"})
