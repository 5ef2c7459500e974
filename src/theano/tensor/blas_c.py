"""Theano's ``theano.tensor.blas_c``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import optdb
from theon.graph.params import ParamsType
from theon.legacy.blas import (
    BaseBLAS,
    CGemv,
    CGer,
    Gemv,
    Ger,
    cgemv_inplace,
    cgemv_no_inplace,
    cger_inplace,
    cger_no_inplace,
    gemv_inplace,
    gemv_no_inplace,
    ger,
    ger_destructive,
    ldflags,
)
from theon.ops.scalars import bool as bool_t
from theon.options import config
from theon.rewrite.local import local_optimizer
from theon.rewrite.navigate import in2out

__getattr__ = modules(__name__, {"T": "theano.tensor.basic"})
