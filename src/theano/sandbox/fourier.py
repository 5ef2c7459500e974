"""Theano's ``theano.sandbox.fourier``: names of Theon."""

from theon.errors import message
from theon.graph.op import Op
from theon.graph.type import generic
from theon.graph.variable import Apply
from theon.tensor.constructors import tensor
