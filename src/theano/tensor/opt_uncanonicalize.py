"""Theano's ``theano.tensor.opt_uncanonicalize``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import register_uncanonicalize
from theon.ops.dims import DimShuffle
from theon.ops.index import Subtensor
from theon.ops.reduce import CAReduce

__getattr__ = modules(__name__, {"T": "theano.tensor.basic", "gof": "theano.gof", "scal": "theano.scalar"})
