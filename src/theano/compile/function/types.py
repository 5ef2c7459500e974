"""Theano's ``theano.compile.function.types``: names of Theon."""

from theano.compile.function_module import *
