"""Theano's ``theano.graph.basic``: names of Theon."""

from theano.gof.graph import *
from theon.legacy.later import ancestors, applys_between, graph_inputs, orphans_between, vars_between, walk
