"""Theano's ``theano.compile.sharedvalue``: names of Theon."""

from theano._modules import modules
from theon.graph.type import generic
from theon.graph.variable import Variable
from theon.tensor.shared import Container, SharedVariable, generic_constructor, shared, shared_constructor

__getattr__ = modules(__name__, {"utils": "theano.gof.utils"})
