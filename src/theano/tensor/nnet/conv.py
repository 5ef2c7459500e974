"""Theano's ``theano.tensor.nnet.conv``: names of Theon."""

from theon.errors import NotScalarConstantError
from theon.graph.variable import Apply
from theon.ops.dims import get_scalar_constant_value, patternbroadcast
from theon.tensor.constant import as_tensor_variable
