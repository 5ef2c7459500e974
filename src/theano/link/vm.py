"""Theano's ``theano.link.vm``: names of Theon."""

from theano.gof.vm import *
