"""Theano's ``theano.gof.opt``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import InconsistencyError
from theon.legacy.collections import OrderedSet
from theon.legacy.python2 import integer_types, string_types
from theon.options import config
from theon.rewrite.engine import MergeOptimizer
from theon.rewrite.equilibrium import EquilibriumOptimizer
from theon.rewrite.local import (
    FromFunctionLocalOptimizer,
    GraphToGPULocalOptGroup,
    LocalMetaOptimizer,
    LocalMetaOptimizerSkipAssertionError,
    LocalOptGroup,
    LocalOptimizer,
    OpRemove,
    OpSub,
    local_optimizer,
)
from theon.rewrite.navigate import (
    NavigatorOptimizer,
    OpKeyOptimizer,
    TopoOptimizer,
    in2out,
    out2in,
    pre_greedy_local_optimizer,
)
from theon.rewrite.optimizer import FromFunctionOptimizer, Optimizer, SeqOptimizer, inplace_optimizer, optimizer
from theon.rewrite.pattern import PatternSub
from theon.rewrite.trace import (
    CheckStackTraceOptimization,
    CheckStrackTraceFeature,
    check_stack_trace,
    copy_stack_trace,
    inherit_stack_trace,
)
from theon.rewrite.watch import (
    ChangeTracker,
    MergeFeature,
    Updater,
    check_chain,
    is_same_graph_with_merge,
    merge_dict,
    pre_constant_merge,
)

__getattr__ = modules(
    __name__,
    {
        "dh": "theano.gof.destroyhandler",
        "graph": "theano.gof.graph",
        "op": "theano.gof.op",
        "toolbox": "theano.gof.toolbox",
        "unify": "theano.gof.unify",
        "utils": "theano.gof.utils",
    },
)
