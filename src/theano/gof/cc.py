"""Theano's ``theano.gof.cc``: names of Theon."""

from theano._modules import modules
from theon.legacy.callcache import CallCache
from theon.legacy.python2 import PY3, string_types
from theon.options import config
from theon.runtime.vm import CLinker, DualLinker, OpWiseCLinker

__getattr__ = modules(
    __name__, {"graph": "theano.gof.graph", "link": "theano.gof.link", "theano": "theano", "utils": "theano.gof.utils"}
)
