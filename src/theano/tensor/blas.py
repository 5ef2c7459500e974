"""Theano's ``theano.tensor.blas``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.stages import optdb
from theon.errors import InconsistencyError
from theon.graph.features import ReplacementDidntRemovedError
from theon.graph.op import Op
from theon.graph.params import ParamsType
from theon.graph.printing import FunctionPrinter, debugprint, pprint
from theon.graph.traverse import view_roots
from theon.graph.variable import Apply
from theon.legacy.blas import (
    Dot22,
    Dot22Scalar,
    Gemm,
    GemmRelated,
    Gemv,
    Ger,
    gemm,
    gemm_inplace,
    gemm_no_inplace,
    gemv,
    gemv_inplace,
    gemv_no_inplace,
    ger,
    ger_destructive,
    have_fblas,
    ldflags,
    res_is_a,
)
from theon.legacy.rewrites import local_dimshuffle_lift
from theon.ops.dot import BatchedDot, batched_dot
from theon.ops.scalars import bool as bool_t
from theon.options import config
from theon.rewrite.database import SequenceDB
from theon.rewrite.equilibrium import EquilibriumOptimizer
from theon.rewrite.local import local_optimizer
from theon.rewrite.navigate import in2out
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.trace import inherit_stack_trace
from theon.tensor.type import values_eq_approx_remove_inf_nan

__getattr__ = modules(
    __name__, {"T": "theano.tensor.basic", "toolbox": "theano.gof.toolbox", "utils": "theano.gof.utils"}
)
