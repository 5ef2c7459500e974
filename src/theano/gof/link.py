"""Theano's ``theano.gof.link``: names of Theon."""

from theon.graph.type import Type
from theon.runtime.reference import raise_with_op
from theon.tensor.shared import Container
