"""Theano's ``theano.graph.null_type``: names of Theon."""

from theano.gof.null_type import *
