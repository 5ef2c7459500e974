"""Theano's ``theano.gof.op``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.rebuild import ops_with_inner_function
from theon.graph.ccode import CLinkerObject, CLinkerOp
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op, PureOp
from theon.graph.testvalue import (
    debug_assert,
    debug_error_message,
    get_debug_values,
    get_test_value,
    missing_test_message,
)
from theon.legacy.cdata import COp, OpenMPOp
from theon.legacy.python2 import PY3
from theon.options import config

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "utils": "theano.gof.utils"})
