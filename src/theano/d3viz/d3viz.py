"""Theano's ``theano.d3viz.d3viz``: names of Theon."""
