"""Theano's ``theano.tensor.nnet.abstract_conv``: names of Theon."""

import numpy as np

import theano
from theon.errors import NotScalarConstantError
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.legacy.python2 import integer_types
from theon.nnet.abstract_conv import (
    AbstractConv,
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    AbstractConv3d,
    AbstractConv3d_gradInputs,
    AbstractConv3d_gradWeights,
    AbstractConv_gradInputs,
    AbstractConv_gradWeights,
    BaseAbstractConv,
)
from theon.nnet.conv_sizes import (
    assert_conv_shape,
    assert_shape,
    border_mode_to_pad,
    check_conv_gradinputs_shape,
    get_conv_gradinputs_shape,
    get_conv_gradinputs_shape_1axis,
    get_conv_gradweights_shape,
    get_conv_gradweights_shape_1axis,
    get_conv_output_shape,
    get_conv_shape_1axis,
)
from theon.nnet.convolutions import (
    causal_conv1d,
    conv2d,
    conv2d_grad_wrt_inputs,
    conv2d_grad_wrt_weights,
    conv3d,
    conv3d_grad_wrt_inputs,
    conv3d_grad_wrt_weights,
    separable_conv2d,
    separable_conv3d,
)
from theon.nnet.corr import imported_scipy_signal
from theon.nnet.upsampling import (
    bilinear_kernel_1D,
    bilinear_kernel_2D,
    bilinear_upsampling,
    frac_bilinear_upsampling,
)
from theon.ops.checks import Assert
from theon.ops.dims import patternbroadcast
from theon.ops.shape import get_scalar_constant_value
from theon.tensor.constant import as_tensor_variable
