"""Theano's ``theano.sparse.utils``: names of Theon."""
