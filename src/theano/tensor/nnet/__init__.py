"""Theano's ``theano.tensor.nnet``: names of Theon."""

from theano.tensor.nnet import (
    abstract_conv,
    blocksparse,
    bn,
    conv,
    conv3d2d,
    corr,
    corr3d,
    ctc,
    neighbours,
    nnet,
    opt,
    sigm,
)
from theon.legacy.rewrites import (
    crossentropy_to_crossentropy_with_softmax,
    crossentropy_to_crossentropy_with_softmax_with_bias,
    graph_merge_softmax_with_crossentropy_softmax,
    softmax_simplifier,
)
from theon.nnet.bn import batch_normalization
from theon.nnet.convolutions import (
    conv2d as abstract_conv2d,
    conv2d_grad_wrt_inputs,
    conv2d_transpose,
    conv3d,
    separable_conv2d,
)
from theon.nnet.corr import ConvOp
from theon.nnet.layers import (
    Prepend_scalar_constant_to_each_row,
    Prepend_scalar_to_each_row,
    SoftmaxWithBias,
    conv2d_of_layers as conv2d,
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
from theon.ops.scalars import scalar_sigmoid
from theon.ops.softmax import (
    LogSoftmax,
    Softmax,
    SoftmaxGrad,
    confusion_matrix,
    elu,
    hard_sigmoid,
    logsoftmax,
    logsoftmax_op,
    relu,
    selu,
    softmax,
    softmax_grad,
    softmax_op,
    softsign,
    ultra_fast_sigmoid,
)
from theon.ops.special import sigmoid, sigmoid as sigmoid_inplace, softplus
