"""Theano's ``theano.tensor.subtensor``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import MethodNotDefined, NotScalarConstantError
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.params import ParamsType
from theon.graph.printing import pprint
from theon.graph.type import Type
from theon.graph.variable import Apply
from theon.legacy.markers import hashtype
from theon.legacy.python2 import integer_types
from theon.legacy.tensor_names import sparse_module_ref
from theon.ops.dims import DimShuffle, addbroadcast
from theon.ops.elements import (
    AdvancedBooleanIncSubtensor,
    AdvancedBooleanSubtensor,
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    BaseAdvancedIncSubtensor,
    BaseAdvancedSubtensor,
    MaskPositions,
    advanced_boolean_inc_subtensor,
    advanced_boolean_set_subtensor,
    advanced_boolean_subtensor,
    advanced_inc_subtensor,
    advanced_inc_subtensor1,
    advanced_set_subtensor,
    advanced_set_subtensor1,
    advanced_subtensor,
    advanced_subtensor1,
)
from theon.ops.fill import alloc
from theon.ops.index import inc_subtensor, set_subtensor, take
from theon.ops.printers import SubtensorPrinter
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.shape import get_scalar_constant_value
from theon.ops.slices import (
    AdvancedBooleanIndexingError,
    AdvancedIndexingError,
    adv_index_broadcastable_pattern,
    as_index_variable,
    check_advanced_indexing_dimensions,
    check_and_reject_bool,
    get_canonical_form_slice,
    get_idx_list,
    make_constant,
    make_slice,
)
from theon.options import config
from theon.tensor.slices import NoneConst, NoneTypeT, SliceType
from theon.tensor.type import TensorType

__getattr__ = modules(__name__, {"gof": "theano.gof", "scal": "theano.scalar"})
