"""Theano's ``theano.tensor.nnet.bn``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.ops.arith import add, mul, sub, true_div
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType
