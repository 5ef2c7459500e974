"""Theano's ``theano.tensor.nnet.ctc``: names of Theon."""

from theon.autodiff.reverse import grad_undefined
from theon.options import config
