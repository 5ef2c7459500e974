"""Theano's ``theano.tensor.nnet.conv``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import NotScalarConstantError
from theon.graph.variable import Apply
from theon.legacy.cdata import OpenMPOp
from theon.nnet.conv_sizes import get_conv_output_shape, get_conv_shape_1axis
from theon.nnet.corr import ConvOp, imported_scipy_signal
from theon.nnet.layers import conv2d_of_nnet as conv2d
from theon.ops.dims import patternbroadcast
from theon.ops.shape import get_scalar_constant_value
from theon.tensor.constant import as_tensor_variable

__getattr__ = modules(__name__, {"blas": "theano.tensor.blas"})
