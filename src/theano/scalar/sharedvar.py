"""Theano's ``theano.scalar.sharedvar``: names of Theon."""

from theon.legacy.python2 import integer_types
from theon.tensor.shared import ScalarSharedVariable, SharedVariable, shared
