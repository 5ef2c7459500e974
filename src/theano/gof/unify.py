"""Theano's ``theano.gof.unify``: names of Theon."""

from theon.graph.variable import Variable
