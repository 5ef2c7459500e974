"""Theano's ``theano.raise_op``: names of Theon."""
