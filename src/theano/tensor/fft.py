"""Theano's ``theano.tensor.fft``: names of Theon."""

from theon.graph.disconnected import DisconnectedType
