"""Theano's ``theano.scalar.basic_sympy``: names of Theon."""

from theon.graph.variable import Apply
from theon.legacy.sympy_op import SymPyCCode, imported_sympy, include_line, names, remove, sympy_dtype, theano_dtype
from theon.ops.scalars import float32, float64, int64
from theon.scalar.op import ScalarOp
from theon.scalar.type import as_scalar
