"""Theano's ``theano.tensor.utils``: names of Theon."""

from theano._modules import modules
from theon.legacy.markers import hash_from_code
from theon.legacy.tensor_names import hash_from_ndarray, shape_of_variables

__getattr__ = modules(__name__, {"theano": "theano"})
