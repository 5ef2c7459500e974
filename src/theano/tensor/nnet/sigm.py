"""Theano's ``theano.tensor.nnet.sigm``: names of Theon."""

from theon.errors import NotScalarConstantError
from theon.graph.printing import pprint
from theon.ops.softmax import hard_sigmoid, ultra_fast_sigmoid, ultra_fast_sigmoid as ultra_fast_sigmoid_inplace
from theon.ops.special import sigmoid, sigmoid as sigmoid_inplace, softplus
from theon.options import config
from theon.tensor.constructors import scalar, tensor
