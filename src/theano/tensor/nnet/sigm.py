"""Theano's ``theano.tensor.nnet.sigm``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import NotScalarConstantError
from theon.graph.printing import pprint
from theon.legacy.products import (
    compute_mul,
    is_1pexp,
    is_exp,
    is_mul,
    is_neg,
    parse_mul_tree,
    partition_num_or_denom,
    simplify_mul,
)
from theon.legacy.rewrites import (
    local_1msigmoid,
    local_exp_over_1_plus_exp,
    local_hard_sigmoid,
    local_inv_1_plus_exp,
    local_sigm_times_exp,
    local_ultra_fast_sigmoid,
    log1msigm_to_softplus,
    log1p_neg_sigmoid,
    log1pexp_to_softplus,
    logsigm_to_softplus,
)
from theon.legacy.tensor_names import values_eq_approx_remove_inf
from theon.ops.scalars import ScalarSigmoid, ScalarSoftplus, scalar_sigmoid, scalar_softplus
from theon.ops.softmax import hard_sigmoid, ultra_fast_sigmoid, ultra_fast_sigmoid as ultra_fast_sigmoid_inplace
from theon.ops.special import sigmoid, sigmoid as sigmoid_inplace, softplus
from theon.options import config
from theon.rewrite.trace import copy_stack_trace

__getattr__ = modules(
    __name__,
    {
        "elemwise": "theano.tensor.elemwise",
        "gof": "theano.gof",
        "opt": "theano.tensor.opt",
        "printing": "theano.printing",
        "scalar": "theano.scalar",
        "tensor": "theano.tensor.basic",
    },
)
