"""Theano's ``theano.compat``: names of Theon."""
