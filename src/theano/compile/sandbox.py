"""Theano's ``theano.compile.sandbox``: names of Theon."""
