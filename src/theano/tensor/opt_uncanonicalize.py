"""Theano's ``theano.tensor.opt_uncanonicalize``: names of Theon."""

from theon.ops.dims import DimShuffle
from theon.ops.index import Subtensor
from theon.ops.reduce import CAReduce
