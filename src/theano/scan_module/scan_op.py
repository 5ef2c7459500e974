"""Theano's ``theano.scan_module.scan_op``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.autodiff.reverse import grad_undefined
from theon.compile.function import function
from theon.compile.io import In, Out
from theon.control.scan_op import Scan
from theon.graph.disconnected import DisconnectedType
from theon.graph.features import NoOutputFromInplace
from theon.graph.inspect import io_connection_pattern
from theon.graph.op import PureOp
from theon.graph.type import NullType
from theon.graph.variable import Apply
from theon.legacy.python2 import integer_types, string_types
from theon.legacy.scan_tools import forced_replace, profile_printer, safe_new
from theon.ops.shape import Shape_i
from theon.options import config
from theon.rewrite.optimizer import AddFeatureOptimizer
from theon.runtime.profile import ScanProfileStats
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__getattr__ = modules(
    __name__,
    {
        "compile": "theano.compile",
        "gof": "theano.gof",
        "gradient": "theano.gradient",
        "scan_utils": "theano.scan_module.scan_utils",
        "tensor": "theano.tensor",
    },
)
