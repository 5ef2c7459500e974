"""Theano's ``theano.graph.utils``: names of Theon."""

from theano.gof.utils import *
from theon.legacy.later import TestValueError
from theon.legacy.later import TestValueError
