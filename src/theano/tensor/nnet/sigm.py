"""Theano's ``theano.tensor.nnet.sigm``: names of Theon."""

from theano._modules import modules
from theon.errors import NotScalarConstantError
from theon.graph.printing import pprint
from theon.legacy.tensor_names import values_eq_approx_remove_inf
from theon.ops.scalars import ScalarSigmoid, ScalarSoftplus
from theon.ops.softmax import hard_sigmoid, ultra_fast_sigmoid, ultra_fast_sigmoid as ultra_fast_sigmoid_inplace
from theon.ops.special import sigmoid, sigmoid as sigmoid_inplace, softplus
from theon.options import config

__getattr__ = modules(
    __name__,
    {
        "elemwise": "theano.tensor.elemwise",
        "gof": "theano.gof",
        "opt": "theano.tensor.opt",
        "printing": "theano.printing",
        "scalar": "theano.scalar",
        "tensor": "theano.tensor.basic",
        "theano": "theano",
    },
)
