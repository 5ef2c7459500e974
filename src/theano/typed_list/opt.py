"""Theano's ``theano.typed_list.opt``: names of Theon."""

from theon.typed_list.ops import Append, Extend, Insert, Remove, Reverse
from theon.typed_list.rules import typed_list_inplace_opt

_modules = {"compile": "theano.compile", "gof": "theano.gof"}


def __getattr__(name):
    import importlib

    if name in _modules:
        return importlib.import_module(_modules[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
