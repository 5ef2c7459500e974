"""Theano's ``theano.graph.params_type``: names of Theon."""

from theano.gof.params_type import *
