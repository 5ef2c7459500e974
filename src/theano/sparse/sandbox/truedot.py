"""Theano's ``theano.sparse.sandbox.truedot``: names of Theon."""

from theon.sparse.arith import transpose
from theon.sparse.convert import dense_from_sparse
from theon.sparse.products import TrueDot, true_dot
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_variable

_modules = {
    "compile": "theano.compile",
    "gof": "theano.gof",
    "sparse": "theano.sparse",
    "tensor": "theano.tensor",
    "theano": "theano",
}


def __getattr__(name):
    import importlib

    if name in _modules:
        return importlib.import_module(_modules[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
