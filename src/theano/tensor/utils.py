"""Theano's ``theano.tensor.utils``: names of Theon."""
