"""Theano's ``theano.tensor.opt``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import (
    register_canonicalize,
    register_specialize,
    register_specialize_device,
    register_stabilize,
    register_uncanonicalize,
    register_useless,
)
from theon.errors import InconsistencyError, MethodNotDefined, NotScalarConstantError, ShapeError
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Constant, Variable
from theon.legacy.python2 import integer_types
from theon.legacy.tensor_names import extract_constant, values_eq_approx_remove_inf, values_eq_approx_remove_nan
from theon.ops.checks import Assert, assert_, assert_op
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Reshape, Shape, Shape_i, get_scalar_constant_value
from theon.ops.fill import Alloc
from theon.ops.index import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor1,
    IncSubtensor,
    Subtensor,
    advanced_inc_subtensor1,
    advanced_subtensor,
    advanced_subtensor1,
)
from theon.ops.join import MakeVector
from theon.ops.slices import get_canonical_form_slice, get_idx_list, make_constant
from theon.ops.sort import TopKOp
from theon.options import config
from theon.rewrite.navigate import TopoOptimizer, in2out, pre_greedy_local_optimizer
from theon.rewrite.optimizer import Optimizer
from theon.tensor.type import values_eq_approx_remove_inf_nan

__getattr__ = modules(
    __name__,
    {
        "T": "theano.tensor.basic",
        "basic": "theano.scalar.basic",
        "compile": "theano.compile",
        "gof": "theano.gof",
        "graph": "theano.gof.graph",
        "opt": "theano.gof.opt",
        "scalar": "theano.scalar",
        "theano": "theano",
        "toolbox": "theano.gof.toolbox",
    },
)
