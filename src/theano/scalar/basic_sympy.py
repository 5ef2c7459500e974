"""Theano's ``theano.scalar.basic_sympy``: names of Theon."""

from theon.graph.variable import Apply
from theon.ops.scalars import float32, float64, int64
from theon.scalar.op import ScalarOp
from theon.scalar.type import as_scalar
