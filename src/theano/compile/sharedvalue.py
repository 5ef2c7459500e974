"""Theano's ``theano.compile.sharedvalue``: names of Theon."""

from theon.graph.type import generic
from theon.graph.variable import Variable
from theon.tensor.shared import Container, SharedVariable, generic_constructor, shared, shared_constructor
