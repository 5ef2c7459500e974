"""Theano's ``theano.version``: names of Theon."""
