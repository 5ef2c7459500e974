"""Theano's ``theano.tensor.nnet.opt``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.stages import optdb, register_specialize_device
from theon.nnet.abstract_conv import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    AbstractConv3d,
    AbstractConv3d_gradInputs,
    AbstractConv3d_gradWeights,
)
from theon.nnet.blocksparse import (
    SparseBlockGemv,
    SparseBlockOuter,
    sparse_block_gemv_inplace,
    sparse_block_outer_inplace,
)
from theon.nnet.conv_sizes import get_conv_output_shape
from theon.nnet.corr import (
    ConvOp,
    Corr3dMM,
    Corr3dMM_gradInputs,
    Corr3dMM_gradWeights,
    CorrMM,
    CorrMM_gradInputs,
    CorrMM_gradWeights,
)
from theon.nnet.layers import conv2d_of_nnet as conv2d
from theon.rewrite.local import local_optimizer
from theon.rewrite.trace import copy_stack_trace
from theon.tensor.type import TensorType

__getattr__ = modules(__name__, {"compile": "theano.compile", "gof": "theano.gof", "opt": "theano.tensor.opt"})
