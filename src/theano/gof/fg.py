"""Theano's ``theano.gof.fg``: names of Theon."""

from theon.errors import InconsistencyError, MissingInputError
from theon.graph.fgraph import FunctionGraph
from theon.graph.type import NullType
from theon.options import config
