"""Theano's ``theano.sandbox.rng_mrg``: names of Theon."""

from theon.autodiff.jacobian import undefined_grad
from theon.compile.function import function
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.dims import cast, get_vector_length
from theon.options import config
from theon.tensor.constant import as_tensor_variable
from theon.tensor.constructors import tensor
from theon.tensor.shared import shared
from theon.tensor.type import TensorType
