"""Theano's ``theano.sparse.sandbox.test_sp``: names of Theon."""

from theon.compile.function import function
from theon.tensor.constructors import tensor
