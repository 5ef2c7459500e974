"""Theano's ``theano.compile.function.pfunc``: names of Theon."""

from theano.compile.pfunc import *
