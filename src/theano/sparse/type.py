"""Theano's ``theano.sparse.type``: names of Theon."""

from theon.sparse.type import SparseType, imported_scipy, string_types

_modules = {"gof": "theano.gof", "theano": "theano"}


def __getattr__(name):
    import importlib

    if name in _modules:
        return importlib.import_module(_modules[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
