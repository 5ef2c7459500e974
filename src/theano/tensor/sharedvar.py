"""Theano's ``theano.tensor.sharedvar``: names of Theon."""

import numpy as np

import theano
from theon.legacy.python2 import integer_types
from theon.legacy.tensor_names import load_shared_variable
from theon.tensor.shared import (
    ScalarSharedVariable,
    SharedVariable,
    TensorSharedVariable,
    scalar_constructor,
    shared_constructor,
    tensor_constructor,
)
from theon.tensor.type import TensorType
