"""Theano's ``theano.sparse.sandbox.test_sp``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.function import function

__getattr__ = modules(
    __name__, {"sp": "theano.sparse.sandbox.sp", "tensor": "theano.tensor", "utt": "theano.tests.unittest_tools"}
)
