"""Theano's ``theano.tensor.subtensor``: names of Theon."""

from theano._modules import modules
from theon.errors import MethodNotDefined, NotScalarConstantError
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.printing import pprint
from theon.graph.type import Type
from theon.graph.variable import Apply
from theon.legacy.python2 import integer_types
from theon.ops.dims import DimShuffle, addbroadcast, get_scalar_constant_value
from theon.ops.fill import alloc
from theon.ops.index import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    IncSubtensor,
    MaskPositions,
    Subtensor,
    inc_subtensor,
    set_subtensor,
    take,
)
from theon.ops.printers import SubtensorPrinter
from theon.options import config
from theon.tensor.type import TensorType

__getattr__ = modules(__name__, {"gof": "theano.gof", "scal": "theano.scalar", "theano": "theano"})
