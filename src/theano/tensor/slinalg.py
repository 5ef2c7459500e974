"""Theano's ``theano.tensor.slinalg``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.tensor.constant import as_tensor_variable
from theon.tensor.constructors import tensor
