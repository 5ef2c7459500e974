"""Theano's ``theano.sparse.type``: names of Theon."""
