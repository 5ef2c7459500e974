"""Theano's ``theano.compile.profiling``: names of Theon."""

from theano._modules import modules
from theon.options import config
from theon.legacy.scan_tools import ScanProfileStats
from theon.runtime.profile import ProfileStats

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "theano": "theano"})
