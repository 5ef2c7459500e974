"""Theano's ``theano.scalar.sharedvar``: names of Theon."""

from theon.tensor.shared import ScalarSharedVariable, SharedVariable, shared
