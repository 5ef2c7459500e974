"""Theano's ``theano.scan_module.scan_opt``: names of Theon."""

from theon.errors import InconsistencyError
from theon.graph.traverse import equal_computations
from theon.ops.dims import get_scalar_constant_value
from theon.ops.fill import Alloc, AllocEmpty
from theon.tensor.constructors import scalar, tensor
