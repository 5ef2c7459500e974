"""Theano's ``theano.scan_module.scan``: names of Theon."""

from theano._modules import modules
from theon.compile.function import OrderedUpdates, function
from theon.control.scan import scan
from theon.legacy.python2 import integer_types
from theon.legacy.scan_tools import safe_new, traverse
from theon.options import config
from theon.tensor.shared import SharedVariable

__getattr__ = modules(
    __name__,
    {
        "compile": "theano.compile",
        "gof": "theano.gof",
        "ops": "theano.compile.ops",
        "opt": "theano.tensor.opt",
        "scan_op": "theano.scan_module.scan_op",
        "scan_utils": "theano.scan_module.scan_utils",
        "tensor": "theano.tensor",
    },
)
