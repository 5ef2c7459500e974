"""Theano's ``theano.sparse.sandbox.truedot``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.sparse.arith import transpose
from theon.sparse.convert import dense_from_sparse
from theon.sparse.products import TrueDot, true_dot
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_variable

__getattr__ = modules(
    __name__,
    {
        "compile": "theano.compile",
        "gof": "theano.gof",
        "sparse": "theano.sparse",
        "tensor": "theano.tensor",
        "utt": "theano.tests.unittest_tools",
    },
)
