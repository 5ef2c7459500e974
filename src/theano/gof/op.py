"""Theano's ``theano.gof.op``: names of Theon."""

from theano._modules import modules
from theon.graph.ccode import CLinkerObject, CLinkerOp
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op, PureOp
from theon.legacy.python2 import PY3
from theon.options import config

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "theano": "theano", "utils": "theano.gof.utils"})
