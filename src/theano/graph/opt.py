"""Theano's ``theano.graph.opt``: names of Theon."""

from theano.gof.opt import *
