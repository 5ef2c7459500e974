"""Theano's ``theano.tensor.shared_randomstreams``: names of Theon."""

from theon.random.streams import RandomStateSharedVariable, RandomStreams, randomstate_constructor
from theon.tensor.shared import SharedVariable, shared, shared_constructor
