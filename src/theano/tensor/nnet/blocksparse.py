"""Theano's ``theano.tensor.nnet.blocksparse``: names of Theon."""

import numpy as np

import theano
from theon.autodiff.reverse import grad_undefined
from theon.dtypes import discrete_dtypes
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.nnet.blocksparse import (
    SparseBlockGemv,
    SparseBlockOuter,
    sparse_block_dot,
    sparse_block_gemv,
    sparse_block_gemv_inplace,
    sparse_block_outer,
    sparse_block_outer_inplace,
)
