"""Theano's ``theano.graph.op``: names of Theon."""

from theano.gof.op import *
from theon.legacy.later import get_test_value, get_test_values
