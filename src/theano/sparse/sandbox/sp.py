"""Theano's ``theano.sparse.sandbox.sp``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.op import Op
from theon.sparse.arith import ColScaleCSC, RowScaleCSC, col_scale, row_scale
from theon.sparse.patches import ConvolutionIndices, convolution_indices, convolve, max_pool
from theon.sparse.reduce import Diag, SpSum, SquareDiagonal, diag, sp_sum, square_diagonal
from theon.sparse.rules import register_specialize
from theon.sparse.tidy import EnsureSortedIndices, Remove0, clean, ensure_sorted_indices, remove0

__getattr__ = modules(__name__, {"gof": "theano.gof", "sparse": "theano.sparse", "tensor": "theano.tensor"})
