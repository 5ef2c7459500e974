"""Theano's ``theano.tensor.nnet.conv3d2d``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.nnet.conv3d2d import (
    DiagonalSubtensor,
    IncDiagonalSubtensor,
    conv3d_of_frames as conv3d,
    diagonal_subtensor,
    get_diagonal_subtensor_view,
    inc_diagonal_subtensor,
)
from theon.rewrite.navigate import TopoOptimizer
from theon.rewrite.trace import copy_stack_trace

__getattr__ = modules(__name__, {"tensor": "theano.tensor"})
