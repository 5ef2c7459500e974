"""Theano's ``theano.sandbox.conv``: names of Theon."""
