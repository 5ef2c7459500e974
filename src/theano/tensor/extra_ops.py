"""Theano's ``theano.tensor.extra_ops``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.autodiff import disconnected_type
from theon.graph.disconnected import DisconnectedType
from theon.graph.enums import EnumList
from theon.graph.params import ParamsType
from theon.legacy.tensor_ops import CpuContiguous, CumprodOp, CumsumOp, DiffOp, cpu_contiguous
from theon.ops.dims import squeeze
from theon.ops.extra import (
    Bartlett,
    FillDiagonal,
    FillDiagonalOffset,
    RavelMultiIndex,
    SearchsortedOp,
    UnravelIndex,
    bartlett,
    bartlett_,
    bincount,
    compress,
    fill_diagonal,
    fill_diagonal_,
    fill_diagonal_offset,
    fill_diagonal_offset_,
    ravel_multi_index,
    searchsorted,
    to_one_hot,
    unravel_index,
)
from theon.ops.methods import RepeatOp, repeat
from theon.ops.scalars import int64 as int_t
from theon.ops.sort import CumOp, Unique, cumprod, cumsum, diff
from theon.tensor.shared import Generic

__getattr__ = modules(
    __name__,
    {
        "basic": "theano.tensor.basic",
        "gof": "theano.gof",
        "gradient": "theano.gradient",
        "nlinalg": "theano.tensor.nlinalg",
        "scalar": "theano.scalar",
        "tensor": "theano.tensor.basic",
    },
)
