"""Theano's ``theano.compile.builders``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.rebuild import ops_with_inner_function, orig_function, rebuild_collect_shared
from theon.compile.stages import optdb
from theon.control.inner import OpFromGraph
from theon.graph.disconnected import DisconnectedType
from theon.graph.inspect import io_connection_pattern
from theon.graph.type import NullType
from theon.graph.variable import Variable
from theon.legacy.passes import inline_ofg_expansion
from theon.tensor.shared import SharedVariable

__getattr__ = modules(__name__, {"gof": "theano.gof"})
