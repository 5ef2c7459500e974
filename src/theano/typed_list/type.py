"""Theano's ``theano.typed_list.type``: names of Theon."""

from theon.typed_list.type import TypedListType

_modules = {"gof": "theano.gof"}


def __getattr__(name):
    import importlib

    if name in _modules:
        return importlib.import_module(_modules[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
