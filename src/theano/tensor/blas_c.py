"""Theano's ``theano.tensor.blas_c``: names of Theon."""

from theon.options import config
