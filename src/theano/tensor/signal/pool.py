"""Theano's ``theano.tensor.signal.pool``: names of Theon."""

from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.tensor.constructors import tensor
