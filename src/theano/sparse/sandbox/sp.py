"""Theano's ``theano.sparse.sandbox.sp``: names of Theon."""

from theon.graph.op import Op
from theon.ops.fill import diag
from theon.tensor.constructors import tensor
