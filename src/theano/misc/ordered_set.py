"""Theano's ``theano.misc.ordered_set``: names of Theon."""

from theon.legacy.python2 import string_types
