"""Theano's ``theano.compat``: names of Theon."""

from theon.legacy.python2 import PY3, cmp, decode, decode_iter, decode_with, exc_message, get_unbound_function
