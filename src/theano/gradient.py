"""Theano's ``theano.gradient``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.autodiff import disconnected_type
from theon.autodiff.forward import Rop
from theon.autodiff.jacobian import (
    ConsiderConstant,
    DisconnectedGrad,
    GradClip,
    GradScale,
    UndefinedGrad,
    ZeroGrad,
    _GradientOnly,
    consider_constant,
    consider_constant_,
    disconnected_grad,
    disconnected_grad_,
    grad_clip,
    grad_scale,
    hessian,
    jacobian,
    undefined_grad,
    undefined_grad_,
    zero_grad,
    zero_grad_,
)
from theon.autodiff.reverse import Lop, format_as, grad, grad_not_implemented, grad_undefined, subgraph_grad
from theon.compile.conveniences import GradientError, numeric_grad, verify_grad
from theon.compile.debugmode import DebugMode
from theon.compile.mode import FAST_RUN, get_mode
from theon.errors import DisconnectedInputError, NullTypeGradError
from theon.graph.copies import ViewOp
from theon.graph.disconnected import DisconnectedType
from theon.graph.testvalue import get_debug_values
from theon.graph.type import NullType, null_type
from theon.graph.variable import Variable
from theon.legacy.passes import grad_time, mode_not_slow
from theon.tensor.constructors import tensor

__getattr__ = modules(__name__, {"gof": "theano.gof", "utils": "theano.gof.utils"})
