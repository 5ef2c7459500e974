"""Theano's ``theano.tensor.fft``: names of Theon."""

from theon.graph.disconnected import DisconnectedType
from theon.ops.fourier import IRFFTOp, RFFTOp, _Transform, irfft, irfft_op, rfft, rfft_op
