"""Theano's ``theano.misc.safe_asarray``: names of Theon."""
