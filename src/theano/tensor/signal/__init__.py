"""Theano's ``theano.tensor.signal``: names of Theon."""

from theano.tensor.signal import conv, pool
