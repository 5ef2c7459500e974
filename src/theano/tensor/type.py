"""Theano's ``theano.tensor.type``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.type import Type
from theon.graph.variable import Variable
from theon.legacy.markers import hashtype
from theon.legacy.tensor_names import values_eq_approx_remove_inf, values_eq_approx_remove_nan
from theon.options import config
from theon.tensor.type import (
    TensorType,
    values_eq_approx,
    values_eq_approx_always_true,
    values_eq_approx_remove_inf_nan,
)

__getattr__ = modules(__name__, {"scal": "theano.scalar"})
