"""Theano's ``theano.graph.destroyhandler``: names of Theon."""

from theano.gof.destroyhandler import *
