"""Theano's ``theano.tensor.signal.conv``: names of Theon."""

from theon.tensor.constructors import tensor
