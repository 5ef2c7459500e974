"""Theano's ``theano.tensor.opt``: names of Theon."""

from theon.errors import InconsistencyError, MethodNotDefined, NotScalarConstantError, ShapeError
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Constant, Variable
from theon.ops.checks import Assert, assert_, assert_op
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Reshape, Shape, Shape_i, get_scalar_constant_value
from theon.ops.fill import Alloc
from theon.ops.index import AdvancedIncSubtensor, AdvancedIncSubtensor1, AdvancedSubtensor1, IncSubtensor, Subtensor
from theon.ops.join import MakeVector
from theon.ops.sort import TopKOp
from theon.options import config
from theon.tensor.constructors import scalar
from theon.tensor.type import values_eq_approx_remove_inf_nan
