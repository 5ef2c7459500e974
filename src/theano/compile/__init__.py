"""Theano's ``theano.compile``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theano.compile import (
    builders,
    debugmode,
    function,
    function_module,
    io,
    mode,
    monitormode,
    nanguardmode,
    ops,
    pfunc,
    profiling,
    sandbox,
    sharedvalue,
)
from theon.compile.debugmode import DebugMode
from theon.compile.function import FunctionMaker, function
from theon.compile.io import In, Out, SymbolicInput, SymbolicOutput
from theon.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    Mode,
    OPT_FAST_COMPILE,
    OPT_FAST_RUN,
    OPT_FAST_RUN_STABLE,
    OPT_MERGE,
    OPT_NONE,
    OPT_O2,
    OPT_O3,
    OPT_STABILIZE,
    OPT_UNSAFE,
    exclude,
    get_default_mode,
    get_mode,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
)
from theon.compile.rebuild import (
    DUPLICATE,
    NODEFAULT,
    Param,
    alias_root,
    check_equal,
    convert_function_input,
    fgraph_updated_vars,
    get_info_on_inputs,
    infer_reuse_pattern,
    insert_deepcopy,
    ops_with_inner_function,
    orig_function,
    pfunc,
    rebuild_collect_shared,
    register_checker,
    std_fgraph,
    view_tree_set,
)
from theon.compile.stages import local_useless, optdb, register_optimizer
from theon.compile.watchmodes import MonitorMode
from theon.control.inner import OpFromGraph
from theon.errors import AliasedMemoryError, UnusedInputError
from theon.graph.copies import DeepCopyOp, ViewOp, deep_copy_op, view_op
from theon.graph.destroy import Supervisor
from theon.graph.disconnected import DisconnectedType
from theon.graph.inspect import io_connection_pattern
from theon.graph.op import FromFunctionOp, as_op
from theon.graph.traverse import is_same_graph
from theon.graph.type import NullType
from theon.graph.variable import Variable
from theon.legacy.passes import (
    AddDestroyHandler,
    PrintCurrentFunctionGraph,
    inline_ofg_expansion,
    instantiated_default_mode,
)
from theon.legacy.pickles import function_dump
from theon.legacy.python2 import string_types
from theon.ops.dims import Rebroadcast
from theon.ops.reshape import SpecifyShape, specify_shape
from theon.ops.shape import Shape, Shape_i, shape
from theon.options import config
from theon.rewrite.optimizer import AddFeatureOptimizer
from theon.runtime.function import Function
from theon.runtime.profile import ProfileStats, ScanProfileStats
from theon.tensor.shared import SharedVariable, shared, shared_constructor

__getattr__ = modules(__name__, {"gof": "theano.gof", "graph": "theano.gof.graph"})
