"""Theano's ``theano.tensor.io``: names of Theon."""

from theano._modules import modules
from theon.graph.op import Op
from theon.graph.variable import Constant
from theon.tensor.constructors import tensor
from theon.tensor.shared import Generic

__getattr__ = modules(__name__, {"gof": "theano.gof", "theano": "theano"})
