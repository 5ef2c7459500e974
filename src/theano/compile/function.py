"""Theano's ``theano.compile.function``: names of Theon."""

from theon.compile.function import function, function as pfunc
