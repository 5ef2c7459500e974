"""Theano's ``theano.tensor.sort``: names of Theon."""

from theano._modules import modules
from theon.autodiff.reverse import grad_undefined
from theon.ops.fill import arange
from theon.ops.index import set_subtensor
from theon.ops.sort import ArgSortOp, SortOp, TopKOp, argsort, argtopk, sort, topk, topk_and_argtopk

__getattr__ = modules(__name__, {"theano": "theano"})
