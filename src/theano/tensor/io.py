"""Theano's ``theano.tensor.io``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Constant
from theon.tensor.constructors import tensor
from theon.tensor.shared import Generic
