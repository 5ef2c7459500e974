"""Theano's ``theano.graph.type``: names of Theon."""

from theano.gof.type import *
