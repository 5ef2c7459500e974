"""Theano's ``theano.typed_list.opt``: names of Theon."""
