"""Theano's ``theano.tensor.nnet.opt``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import optdb, register_specialize_device
from theon.nnet.abstract_conv import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    AbstractConv3d,
    AbstractConv3d_gradInputs,
    AbstractConv3d_gradWeights,
    conv2d,
    get_conv_output_shape,
)
from theon.rewrite.local import local_optimizer
from theon.tensor.type import TensorType

__getattr__ = modules(
    __name__, {"compile": "theano.compile", "gof": "theano.gof", "opt": "theano.tensor.opt", "theano": "theano"}
)
