"""Theano's ``theano.scalar.sharedvar``: names of Theon."""

from theon.ops.scalars import integer_types
from theon.scalar.type import Scalar
from theon.tensor.shared import ScalarSharedVariable, SharedVariable, shared
