"""Theano's ``theano.tensor.nnet.opt``: names of Theon."""

from theon.tensor.type import TensorType
