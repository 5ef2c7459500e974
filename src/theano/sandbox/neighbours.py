"""Theano's ``theano.sandbox.neighbours``: names of Theon."""
