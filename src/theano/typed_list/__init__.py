"""Theano's ``theano.typed_list``: names of Theon."""

from theano.typed_list import basic, opt, type
from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.index import getitem
