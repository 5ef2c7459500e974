"""Theano's ``theano.tensor.signal.pool``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.disconnected import DisconnectedType
from theon.graph.enums import EnumList
from theon.graph.params import ParamsType
from theon.graph.variable import Apply, Variable
from theon.legacy.cdata import OpenMPOp
from theon.nnet.pool import (
    AveragePoolGrad,
    DownsampleFactorMaxGradGrad,
    MaxPoolGrad,
    MaxPoolRop,
    Pool,
    PoolGrad,
    PoolingMode_t,
    max_pool_2d_same_size,
    pool_2d,
    pool_3d,
)
from theon.ops.scalars import bool as bool_t

__getattr__ = modules(__name__, {"gof": "theano.gof", "tensor": "theano.tensor"})
