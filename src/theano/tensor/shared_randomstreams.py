"""Theano's ``theano.tensor.shared_randomstreams``: names of Theon."""

from theano._modules import modules
from theon.random.streams import RandomStateSharedVariable, RandomStreams, randomstate_constructor
from theon.tensor.shared import SharedVariable, shared, shared_constructor

__getattr__ = modules(__name__, {"raw_random": "theano.tensor.raw_random"})
