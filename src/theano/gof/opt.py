"""Theano's ``theano.gof.opt``: names of Theon."""

from theano._modules import modules
from theon.errors import InconsistencyError
from theon.graph.inspect import is_same_graph_with_merge
from theon.legacy.python2 import integer_types, string_types
from theon.options import config

__getattr__ = modules(
    __name__,
    {
        "dh": "theano.gof.destroyhandler",
        "graph": "theano.gof.graph",
        "op": "theano.gof.op",
        "theano": "theano",
        "toolbox": "theano.gof.toolbox",
        "unify": "theano.gof.unify",
        "utils": "theano.gof.utils",
    },
)
