"""Theano's ``theano.sparse.type``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.sparse.type import SparseType, imported_scipy, string_types

__getattr__ = modules(__name__, {"gof": "theano.gof"})
