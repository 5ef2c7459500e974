"""Theano's ``theano.sandbox.minimal``: names of Theon."""

from theon.compile.function import function
from theon.tensor.constructors import tensor
