"""Theano's ``theano.scan_module.scan_utils``: names of Theon."""

from theano._modules import modules
from theon.compile.conveniences import clone
from theon.compile.rebuild import rebuild_collect_shared
from theon.control.scan import get_updates_and_outputs, until
from theon.graph.features import Validator
from theon.graph.traverse import equal_computations
from theon.legacy.python2 import string_types
from theon.legacy.scan_tools import scan_args
from theon.ops.dims import get_scalar_constant_value

__getattr__ = modules(
    __name__,
    {
        "compat": "theano.compat",
        "gof": "theano.gof",
        "scalar": "theano.scalar",
        "tensor": "theano.tensor",
        "theano": "theano",
    },
)
