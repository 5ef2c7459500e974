"""Theano's ``theano.gof.unify``: names of Theon."""

from theon.graph.variable import Variable
from theon.legacy.helpers import ANY_TYPE, FALL_THROUGH, comm_guard
