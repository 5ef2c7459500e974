"""Theano's ``theano.tensor.elemwise``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.params import ParamsType
from theon.graph.printing import pprint
from theon.graph.type import NullType
from theon.graph.variable import Apply
from theon.legacy.cdata import COp, OpenMPOp
from theon.legacy.collections import frozendict
from theon.legacy.python2 import integer_types
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle
from theon.ops.extremes import Max, Min
from theon.ops.printers import DimShufflePrinter
from theon.ops.reduce import (
    All,
    Any,
    CAReduce,
    CAReduceDtype,
    MulWithoutZeros,
    Prod,
    ProdWithoutZeros,
    Sum,
    SumLike,
    mul_without_zeros,
)
from theon.options import change_flags, config
from theon.scalar.type import get_scalar_type
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorConstant, TensorVariable

__getattr__ = modules(__name__, {"cgen": "theano.tensor.elemwise_cgen", "gof": "theano.gof", "scalar": "theano.scalar"})
