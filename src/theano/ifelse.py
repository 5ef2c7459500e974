"""Theano's ``theano.ifelse``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.conveniences import clone
from theon.compile.stages import optdb
from theon.control.ifelse import IfElse, ifelse
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.legacy.branches import (
    CondMerge,
    acceptable_ops,
    cond_merge_ifs_false,
    cond_merge_ifs_true,
    cond_merge_random_op,
    cond_remove_identical,
    ifelse_lift_single_if_through_acceptable_ops,
)
from theon.tensor.type import TensorType

__getattr__ = modules(__name__, {"gof": "theano.gof", "opt": "theano.tensor.opt"})
