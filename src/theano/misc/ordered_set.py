"""Theano's ``theano.misc.ordered_set``: names of Theon."""
