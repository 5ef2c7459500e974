"""Theano's ``theano.graph.unify``: names of Theon."""

from theano.gof.unify import *
