"""Theano's ``theano.sparse.sandbox.truedot``: names of Theon."""

from theon.ops.dims import transpose
from theon.tensor.constructors import tensor
