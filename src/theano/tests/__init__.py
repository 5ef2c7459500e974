"""Theano's ``theano.tests``: names of Theon."""
