"""Theano's ``theano.tensor.opt_uncanonicalize``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import register_uncanonicalize
from theon.legacy.rewrites import (
    local_alloc_dimshuffle,
    local_dimshuffle_alloc,
    local_dimshuffle_subtensor,
    local_max_and_argmax,
    local_max_to_min,
    local_reshape_dimshuffle,
)
from theon.ops.dims import DimShuffle
from theon.ops.reduce import CAReduce
from theon.ops.regions import Subtensor
from theon.rewrite.trace import copy_stack_trace

__getattr__ = modules(__name__, {"T": "theano.tensor.basic", "gof": "theano.gof", "scal": "theano.scalar"})
