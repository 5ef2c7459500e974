"""Theano's ``theano.tensor.nnet.bn``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.stages import register_specialize_device
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.nnet.bn import (
    AbstractBatchNormInference,
    AbstractBatchNormTrain,
    AbstractBatchNormTrainGrad,
    BNComposite,
    _Normalization,
    batch_normalization,
    batch_normalization_test,
    batch_normalization_train,
)
from theon.ops.arith import add, mul, sub, true_div
from theon.ops.composite import Composite
from theon.ops.scalars import as_common_dtype
from theon.rewrite.local import local_optimizer
from theon.rewrite.rules.layers import (
    normalization_gradients_written_out as local_abstract_batch_norm_train_grad,
    normalization_written_out as local_abstract_batch_norm_train,
)
from theon.rewrite.trace import copy_stack_trace
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__getattr__ = modules(__name__, {"T": "theano.tensor.basic"})
