"""Theano's ``theano.gof.callcache``: names of Theon."""
