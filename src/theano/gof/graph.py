"""Theano's ``theano.gof.graph``: names of Theon."""

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
from theon.options import config
