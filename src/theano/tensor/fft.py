"""Theano's ``theano.tensor.fft``: names of Theon."""

from theano._modules import modules
from theon.graph.disconnected import DisconnectedType
from theon.ops.fourier import IRFFTOp, RFFTOp, _Transform, fft, fftn, ifft, ifftn, irfft, irfft_op, rfft, rfft_op

__getattr__ = modules(__name__, {"T": "theano.tensor", "gof": "theano.gof"})
