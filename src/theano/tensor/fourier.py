"""Theano's ``theano.tensor.fourier``: names of Theon."""

from theano._modules import modules
from theon.legacy.tensor_ops import Fourier, FourierGrad, fft

__getattr__ = modules(__name__, {"gof": "theano.gof", "tensor": "theano.tensor"})
