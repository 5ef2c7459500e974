"""Theano's ``theano.tensor.var``: names of Theon."""

import numpy as np

import theano
from theon.errors import AsTensorError
from theon.graph.variable import Constant, Variable
from theon.legacy.markers import hashtype
from theon.legacy.python2 import PY3, integer_types
from theon.legacy.tensor_names import hash_from_ndarray
from theon.ops.methods import IntegerDivisionError
from theon.ops.scalars import ComplexError
from theon.ops.slices import equal_slices
from theon.options import config
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorConstant, TensorConstantSignature, TensorVariable, _tensor_py_operators
