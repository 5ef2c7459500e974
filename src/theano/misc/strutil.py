"""Theano's ``theano.misc.strutil``: names of Theon."""
