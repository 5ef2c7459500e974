"""Theano's ``theano.gof.graph``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.inspect import (
    NoParams,
    as_string,
    default_node_formatter,
    io_connection_pattern,
    is_in_ancestors,
    is_same_graph_with_merge,
    nodes_constructed,
    op_as_string,
    ops,
)
from theon.graph.traverse import (
    ancestors,
    clone,
    clone_get_equiv,
    equal_computations,
    general_toposort,
    inputs,
    io_toposort,
    is_same_graph,
    list_of_nodes,
    orphans,
    stack_search,
    variables,
    variables_and_orphans,
    view_roots,
)
from theon.graph.variable import Apply, Constant, Node, Variable
from theon.legacy.collections import OrderedSet
from theon.legacy.python2 import integer_types, string_types
from theon.options import config

__getattr__ = modules(__name__, {"utils": "theano.gof.utils"})
