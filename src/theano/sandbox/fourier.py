"""Theano's ``theano.sandbox.fourier``: names of Theon."""

from theano._modules import modules
from theon.errors import message
from theon.graph.op import Op
from theon.graph.type import generic
from theon.graph.variable import Apply
from theon.legacy.fourier import FFT, GradTodo, dct_matrix, fft, grad_todo, half_fft, half_ifft, ifft

__getattr__ = modules(__name__, {"tensor": "theano.tensor"})
