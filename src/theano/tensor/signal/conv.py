"""Theano's ``theano.tensor.signal.conv``: names of Theon."""

from theon.nnet.layers import conv2d_of_signal as conv2d
from theon.tensor.constructors import tensor
