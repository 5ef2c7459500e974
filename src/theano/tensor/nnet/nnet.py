"""Theano's ``theano.tensor.nnet.nnet``: names of Theon."""

from theon.autodiff.reverse import grad_not_implemented
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
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
    logsoftmax,
    logsoftmax_op,
    relu,
    selu,
    sigmoid_binary_crossentropy,
    softmax,
    softmax_grad,
    softmax_op,
    softsign,
)
from theon.ops.special import sigmoid, softplus
from theon.tensor.constant import as_tensor_variable
from theon.tensor.constructors import scalar, tensor
