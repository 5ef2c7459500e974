"""Theano's ``theano.graph.optdb``: names of Theon."""

from theano.gof.optdb import *
