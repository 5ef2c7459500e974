"""Theano's ``theano.tensor.type_other``: names of Theon."""

import numpy as np

import theano
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.type import Type
from theon.graph.variable import Apply, Constant
from theon.legacy.markers import hashtype
from theon.ops.slices import MakeSlice, as_int_none_variable, make_slice
from theon.tensor.shared import Generic
from theon.tensor.slices import NoneConst, NoneTypeT, SliceConstant, SliceType, none_type_t, slicetype
