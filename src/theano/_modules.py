"""Other modules that a module of Theano holds under a name of its own, such as ``theano.compile.mode.gof``."""

import importlib


def modules(holder, places):
    """Return the ``__getattr__`` of module ``holder``, whose attributes ``places`` are modules.

    They are imported when first asked for: importing them with their holder would go round in circles.
    """

    def find(name):
        if name not in places:
            raise AttributeError(f"module {holder!r} has no attribute {name!r}")
        return importlib.import_module(places[name])

    return find
