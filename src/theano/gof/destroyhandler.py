"""Theano's ``theano.gof.destroyhandler``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import InconsistencyError
from theon.graph.destroy import DestroyHandler, ProtocolError, fast_inplace_check
from theon.legacy.collections import OrderedSet
from theon.options import config

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "toolbox": "theano.gof.toolbox"})
