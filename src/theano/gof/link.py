"""Theano's ``theano.gof.link``: names of Theon."""

from theano._modules import modules
from theon.graph.type import Type
from theon.legacy.helpers import undef
from theon.runtime.reference import raise_with_op
from theon.tensor.shared import Container

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "theano": "theano", "utils": "theano.gof.utils"})
