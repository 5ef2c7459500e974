"""Theano's ``theano.tensor.blas_c``: names of Theon."""

from theano._modules import modules
from theon.options import config

__getattr__ = modules(__name__, {"T": "theano.tensor.basic"})
