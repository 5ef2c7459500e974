"""Theano's ``theano.d3viz.d3viz``: names of Theon."""

from theon.viz.dot import PyDotFormatter
from theon.viz.page import d3viz, d3write, replace_patterns, safe_json
