"""Theano's ``theano.tensor.elemwise_cgen``: names of Theon."""
