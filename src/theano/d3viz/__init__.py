"""Theano's ``theano.d3viz``: names of Theon."""

from theano.d3viz import d3viz, formatting
from theon.viz.page import d3viz, d3write
