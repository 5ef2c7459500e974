"""Theano's ``theano.graph.toolbox``: names of Theon."""

from theano.gof.toolbox import *
