"""Theano's ``theano.graph.callcache``: names of Theon."""

from theano.gof.callcache import *
