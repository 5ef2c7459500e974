"""Theano's ``theano.pathparse``: names of Theon."""
