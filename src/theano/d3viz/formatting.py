"""Theano's ``theano.d3viz.formatting``: names of Theon."""

from theon.runtime.function import Function
