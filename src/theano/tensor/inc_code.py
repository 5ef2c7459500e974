"""Theano's ``theano.tensor.inc_code``: names of Theon."""
