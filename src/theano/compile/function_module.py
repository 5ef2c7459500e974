"""Theano's ``theano.compile.function_module``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.function import FunctionMaker
from theon.compile.io import In, SymbolicInput, SymbolicOutput
from theon.compile.rebuild import (
    DUPLICATE,
    NODEFAULT,
    alias_root,
    check_equal,
    convert_function_input,
    fgraph_updated_vars,
    get_info_on_inputs,
    infer_reuse_pattern,
    insert_deepcopy,
    ops_with_inner_function,
    orig_function,
    register_checker,
    std_fgraph,
    view_tree_set,
)
from theon.errors import AliasedMemoryError, UnusedInputError
from theon.graph.copies import deep_copy_op, view_op
from theon.graph.destroy import Supervisor
from theon.graph.traverse import is_same_graph
from theon.legacy.python2 import string_types
from theon.options import config
from theon.runtime.function import Function

__getattr__ = modules(__name__, {"gof": "theano.gof", "graph": "theano.gof.graph"})
