"""Theano's ``theano.tensor.sharedvar``: names of Theon."""

from theon.tensor.shared import (
    ScalarSharedVariable,
    SharedVariable,
    TensorSharedVariable,
    scalar_constructor,
    shared_constructor,
    tensor_constructor,
)
from theon.tensor.type import TensorType
