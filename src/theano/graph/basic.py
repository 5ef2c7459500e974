"""Theano's ``theano.graph.basic``: names of Theon."""

from theano.gof.graph import *
from theon.legacy.later import ancestors, applys_between, graph_inputs, orphans_between, vars_between, walk
from theon.legacy.later import (
    ancestors,
    ancestors,
    ancestors,
    ancestors,
    applys_between,
    applys_between,
    applys_between,
    applys_between,
    graph_inputs,
    graph_inputs,
    graph_inputs,
    graph_inputs,
    orphans_between,
    orphans_between,
    orphans_between,
    orphans_between,
    vars_between,
    vars_between,
    vars_between,
    vars_between,
    walk,
    walk,
    walk,
    walk,
)
