"""Theano's ``theano.scan_module.scan_opt``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from sys import maxsize
from theon.compile.stages import optdb, scan_eqopt1, scan_eqopt2, scan_seqopt1
from theon.errors import InconsistencyError
from theon.graph.copies import deep_copy_op
from theon.graph.destroy import DestroyHandler
from theon.graph.traverse import equal_computations
from theon.legacy.python2 import integer_types
from theon.legacy.scan_passes import (
    PushOutDot1,
    PushOutNonSeqScan,
    PushOutScanOutput,
    PushOutSeqScan,
    ScanInplaceOptimizer,
    ScanMerge,
    ScanSaveMem,
    _LoopOptimizer,
    remove_constants_and_unused_inputs_scan,
    scan_merge_inouts,
)
from theon.legacy.scan_tools import has_duplicates, info_message as info, make_equiv, scan_args, warning
from theon.ops.fill import Alloc, AllocEmpty
from theon.ops.shape import get_scalar_constant_value
from theon.rewrite.navigate import pre_greedy_local_optimizer
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.watch import pre_constant_merge

__getattr__ = modules(
    __name__,
    {
        "gof": "theano.gof",
        "opt": "theano.tensor.opt",
        "scalar": "theano.scalar",
        "scan_op": "theano.scan_module.scan_op",
        "scan_utils": "theano.scan_module.scan_utils",
        "tensor": "theano.tensor",
        "toolbox": "theano.gof.toolbox",
    },
)
