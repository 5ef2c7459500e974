"""Theano's ``theano.scan_module.scan_utils``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.conveniences import clone
from theon.compile.rebuild import rebuild_collect_shared
from theon.control.scan import get_updates_and_outputs, until
from theon.graph.traverse import equal_computations
from theon.legacy.python2 import string_types
from theon.legacy.scan_tools import (
    DEPRECATED_ARG,
    compress_outs,
    expand_empty,
    forced_replace,
    hash_lists as hash_listsDictsTuples,
    infer_shape,
    is_nan_or_inf_or_none as isNaN_or_Inf_or_None,
    map_variables,
    reconstruct_graph,
    safe_new,
    scan_args,
    scan_can_remove_outs,
    traverse,
)
from theon.legacy.validity import Validator
from theon.ops.shape import get_scalar_constant_value

__getattr__ = modules(
    __name__, {"compat": "theano.compat", "gof": "theano.gof", "scalar": "theano.scalar", "tensor": "theano.tensor"}
)
