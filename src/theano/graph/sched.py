"""Theano's ``theano.graph.sched``: names of Theon."""

from theano.gof.sched import *
