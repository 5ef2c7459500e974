"""Theano's ``theano.tensor.signal.conv``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.nnet.layers import conv2d_of_signal as conv2d

__getattr__ = modules(__name__, {"conv": "theano.tensor.nnet.conv", "tensor": "theano.tensor"})
