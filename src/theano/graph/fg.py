"""Theano's ``theano.graph.fg``: names of Theon."""

from theano.gof.fg import *
