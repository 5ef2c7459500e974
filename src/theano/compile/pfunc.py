"""Theano's ``theano.compile.pfunc``: names of Theon."""

from theon.compile.io import In, Out
from theon.compile.rebuild import Param, iter_over_pairs, orig_function, pfunc, rebuild_collect_shared
from theon.errors import UnusedInputError
from theon.graph.variable import Constant, Variable
from theon.options import config
from theon.runtime.profile import ProfileStats
from theon.tensor.shared import SharedVariable, shared
