"""Theano's ``theano.tensor.nnet.nnet``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.autodiff.reverse import grad_not_implemented
from theon.compile.stages import optdb
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.legacy.rewrites import (
    crossentropy_to_crossentropy_with_softmax,
    crossentropy_to_crossentropy_with_softmax_with_bias,
    graph_merge_softmax_with_crossentropy_softmax,
    local_advanced_indexing_crossentropy_onehot,
    local_advanced_indexing_crossentropy_onehot_grad,
    local_argmax_pushdown,
    local_logsoftmax,
    local_logsoftmax_grad,
    local_softmax_grad_to_crossentropy_with_softmax_grad,
    local_softmax_with_bias,
    softmax_simplifier,
)
from theon.legacy.tensor_names import values_eq_approx_remove_inf, values_eq_approx_remove_nan
from theon.nnet.blocksparse import sparse_block_dot
from theon.nnet.layers import (
    Prepend_scalar_constant_to_each_row,
    Prepend_scalar_to_each_row,
    SoftmaxWithBias,
    h_softmax,
    prepend_0_to_each_row,
    prepend_1_to_each_row,
    prepend_scalar_to_each_row,
    softmax_graph,
    softmax_with_bias,
)
from theon.ops.crossentropy import (
    CrossentropyCategorical1Hot,
    CrossentropyCategorical1HotGrad,
    CrossentropySoftmax1HotWithBiasDx,
    CrossentropySoftmaxArgmax1HotWithBias,
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_categorical_1hot,
    crossentropy_categorical_1hot_grad,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias,
    crossentropy_softmax_1hot_with_bias_dx,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    crossentropy_softmax_max_and_argmax_1hot_with_bias,
    sigmoid_binary_crossentropy,
)
from theon.ops.softmax import (
    LogSoftmax,
    Softmax,
    SoftmaxGrad,
    confusion_matrix,
    elu,
    logsoftmax,
    logsoftmax_op,
    relu,
    selu,
    softmax,
    softmax_grad,
    softmax_op,
    softsign,
)
from theon.ops.special import sigmoid, softplus
from theon.rewrite.trace import copy_stack_trace
from theon.tensor.constant import as_tensor_variable

__getattr__ = modules(
    __name__,
    {
        "elemwise": "theano.tensor.elemwise",
        "extra_ops": "theano.tensor.extra_ops",
        "gof": "theano.gof",
        "opt": "theano.tensor.opt",
        "scalar": "theano.scalar",
        "subtensor": "theano.tensor.subtensor",
        "tensor": "theano.tensor.basic",
    },
)
