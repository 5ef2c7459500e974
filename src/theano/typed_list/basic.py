"""Theano's ``theano.typed_list.basic``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.index import getitem
