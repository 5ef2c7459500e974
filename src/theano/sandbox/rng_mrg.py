"""Theano's ``theano.sandbox.rng_mrg``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.autodiff.jacobian import undefined_grad
from theon.compile.function import function
from theon.compile.stages import optdb
from theon.graph.op import Op
from theon.graph.params import ParamsType
from theon.graph.variable import Apply, Variable
from theon.legacy.python2 import integer_types, string_types
from theon.ops.cast import cast
from theon.ops.scalars import bool as bool_t, int64 as int_t
from theon.ops.shape import get_vector_length
from theon.options import config
from theon.random.mrg import (
    A1p134,
    A1p72,
    A2p134,
    A2p72,
    DotModulo,
    M1,
    M2,
    MASK12,
    MASK13,
    MASK2,
    MRG_RandomStreams,
    MRG_RandomStreams as MRG_RandomStream,
    MULT2,
    NORM,
    ff_2p134,
    ff_2p72,
    guess_n_streams,
    matVecModM,
    mrg_next_value,
    mrg_uniform,
    mrg_uniform_base,
    multMatVect,
    np_int32_vals,
)
from theon.rewrite.local import local_optimizer
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import shared
from theon.tensor.type import TensorType

__getattr__ = modules(
    __name__,
    {
        "gradient": "theano.gradient",
        "multinomial": "theano.sandbox.multinomial",
        "opt": "theano.tensor.opt",
        "scal": "theano.scalar",
        "tensor": "theano.tensor",
    },
)
