"""Theano's ``theano.tensor.blas_headers``: names of Theon."""

from theon.options import config
