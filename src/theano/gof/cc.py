"""Theano's ``theano.gof.cc``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.legacy.callcache import CallCache
from theon.legacy.python2 import PY3, string_types
from theon.options import config
from theon.runtime.vm import CLinker, DualLinker, OpWiseCLinker

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "link": "theano.gof.link", "utils": "theano.gof.utils"})
