"""Theano's ``theano.tensor.nnet``: names of Theon."""

from theano.tensor.nnet import abstract_conv, blocksparse, bn, conv, conv3d2d, ctc, neighbours, nnet, opt, sigm
from theon.ops.softmax import (
    CrossentropyCategorical1Hot,
    LogSoftmax,
    Softmax,
    SoftmaxGrad,
    binary_crossentropy,
    categorical_crossentropy,
    confusion_matrix,
    crossentropy_categorical_1hot,
    elu,
    hard_sigmoid,
    logsoftmax,
    logsoftmax_op,
    relu,
    selu,
    sigmoid_binary_crossentropy,
    softmax,
    softmax_grad,
    softmax_op,
    softsign,
    ultra_fast_sigmoid,
)
from theon.ops.special import sigmoid, sigmoid as sigmoid_inplace, softplus
