"""Theano's ``theano.gof.null_type``: names of Theon."""

from theon.graph.type import NullType, Type, null_type
