"""Theano's ``theano.compile.mode``: names of Theon."""

from theano._modules import modules
from theon.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    Mode,
    get_default_mode,
    get_mode,
    predefined_modes,
    register_mode,
)
from theon.graph.destroy import Supervisor
from theon.legacy.python2 import string_types
from theon.options import config

__getattr__ = modules(__name__, {"gof": "theano.gof", "theano": "theano"})
