"""Theano's ``theano.typed_list.type``: names of Theon."""

from theano._modules import modules
from theon.typed_list.type import TypedListType

__getattr__ = modules(__name__, {"gof": "theano.gof"})
