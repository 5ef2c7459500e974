"""Theano's ``theano.gof.fg``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import InconsistencyError, MissingInputError
from theon.graph.fgraph import FunctionGraph
from theon.graph.type import NullType
from theon.legacy.cdata import CachedConstantError
from theon.legacy.collections import OrderedSet
from theon.legacy.traces import get_variable_trace_string
from theon.options import config

__getattr__ = modules(
    __name__, {"graph": "theano.gof.graph", "toolbox": "theano.gof.toolbox", "utils": "theano.gof.utils"}
)
