"""Theano's ``theano.misc.frozendict``: names of Theon."""
