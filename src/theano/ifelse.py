"""Theano's ``theano.ifelse``: names of Theon."""

from theano._modules import modules
from theon.compile.conveniences import clone
from theon.compile.stages import optdb
from theon.control.ifelse import IfElse, ifelse
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.tensor.type import TensorType

__getattr__ = modules(__name__, {"gof": "theano.gof", "opt": "theano.tensor.opt", "theano": "theano"})
