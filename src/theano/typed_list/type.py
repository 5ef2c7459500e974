"""Theano's ``theano.typed_list.type``: names of Theon."""
