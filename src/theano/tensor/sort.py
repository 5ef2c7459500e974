"""Theano's ``theano.tensor.sort``: names of Theon."""

import numpy as np

import theano
from theon.autodiff.reverse import grad_undefined
from theon.ops.fill import arange
from theon.ops.index import set_subtensor
from theon.ops.sort import ArgSortOp, SortOp, TopKOp, argsort, argtopk, sort, topk, topk_and_argtopk
