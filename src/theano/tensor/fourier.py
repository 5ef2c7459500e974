"""Theano's ``theano.tensor.fourier``: names of Theon."""

from theon.tensor.constructors import tensor
