"""Theano's ``theano.typed_list.opt``: names of Theon."""

from theon.typed_list.ops import Append, Extend, Insert, Remove, Reverse
