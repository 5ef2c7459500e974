"""Theano's ``theano.scalar.basic_sympy``: names of Theon."""

from theon.graph.variable import Apply
from theon.ops.declare import ScalarOp
