"""Theano's ``theano.scan_module.scan_utils``: names of Theon."""

from theon.compile.conveniences import clone
from theon.control.scan import get_updates_and_outputs, until
from theon.graph.traverse import equal_computations
from theon.ops.dims import get_scalar_constant_value
from theon.tensor.constructors import scalar, tensor
