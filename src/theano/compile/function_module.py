"""Theano's ``theano.compile.function_module``: names of Theon."""

from theon.compile.function import FunctionMaker
from theon.compile.io import In, SymbolicInput, SymbolicOutput
from theon.errors import AliasedMemoryError, UnusedInputError
from theon.graph.traverse import is_same_graph
from theon.options import config
from theon.runtime.function import Function
