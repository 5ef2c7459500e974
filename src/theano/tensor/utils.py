"""Theano's ``theano.tensor.utils``: names of Theon."""

import numpy as np

import theano
from theon.legacy.markers import hash_from_code
from theon.legacy.tensor_names import hash_from_ndarray, shape_of_variables
