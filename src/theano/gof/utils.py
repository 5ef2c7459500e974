"""Theano's ``theano.gof.utils``: names of Theon."""

from theon.errors import MethodNotDefined
from theon.graph.variable import Scratchpad as scratchpad, scratchpad
from theon.legacy.python2 import PY3, integer_types, string_types
from theon.ops.dims import flatten
from theon.ops.sort import unique
from theon.options import config
