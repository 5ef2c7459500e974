"""Theano's ``theano.sparse.sandbox.test_sp``: names of Theon."""

from theon.compile.function import function

_modules = {"sp": "theano.sparse.sandbox.sp", "tensor": "theano.tensor", "theano": "theano"}


def __getattr__(name):
    import importlib

    if name in _modules:
        return importlib.import_module(_modules[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
