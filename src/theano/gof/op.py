"""Theano's ``theano.gof.op``: names of Theon."""

from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op, PureOp
from theon.options import config
