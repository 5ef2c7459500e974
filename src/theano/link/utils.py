"""Theano's ``theano.link.utils``: names of Theon."""

from theano.gof.link import *
