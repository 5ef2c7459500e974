"""Theano's ``theano.tensor.extra_ops``: names of Theon."""

from theon.autodiff import disconnected_type
from theon.graph.disconnected import DisconnectedType
from theon.ops.dims import squeeze
from theon.ops.methods import Repeat, repeat
from theon.ops.sort import CumOp, Unique, cumprod, cumsum, diff
from theon.tensor.constructors import scalar, tensor
from theon.tensor.shared import Generic
