"""Theano's ``theano.compile.debugmode``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.debugmode import (
    BadDestroyMap,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    DebugModeError,
    InvalidValueError,
    StochasticOrder,
)
from theon.compile.function import FunctionMaker
from theon.compile.mode import Mode, register_mode
from theon.compile.rebuild import infer_reuse_pattern, ops_with_inner_function, std_fgraph
from theon.errors import BadOptimization
from theon.graph.copies import OutputGuard
from theon.legacy.passes import (
    DataDestroyed,
    NoDuplicateOptWarningFilter,
    char_from_number,
    check_eq,
    data_destroyed,
    debugprint_of_node as debugprint,
    default_make_thunk,
)
from theon.legacy.python2 import get_unbound_function
from theon.options import change_flags, config
from theon.runtime.function import Function
from theon.runtime.linker import raise_with_op

__getattr__ = modules(
    __name__, {"gof": "theano.gof", "graph": "theano.gof.graph", "link": "theano.gof.link", "utils": "theano.gof.utils"}
)
