"""Theano's ``theano.tensor.type_other``: names of Theon."""

from theano._modules import modules
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.type import Type
from theon.graph.variable import Apply, Constant
from theon.tensor.shared import Generic
from theon.typed_list.slices import SliceConstant, SliceType

__getattr__ = modules(__name__, {"theano": "theano"})
