"""Theano's ``theano.scan_module.scan_utils``: names of Theon."""

from theon.compile.conveniences import clone
from theon.graph.traverse import equal_computations
from theon.ops.dims import get_scalar_constant_value
from theon.tensor.constructors import scalar, tensor
