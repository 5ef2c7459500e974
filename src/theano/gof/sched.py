"""Theano's ``theano.gof.sched``: names of Theon."""

from theon.graph.traverse import list_of_nodes
from theon.legacy.python2 import cmp
