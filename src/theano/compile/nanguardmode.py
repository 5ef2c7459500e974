"""Theano's ``theano.compile.nanguardmode``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.mode import Mode, get_mode
from theon.compile.watchmodes import NanGuardMode, contains_inf, contains_nan, flatten
from theon.options import config

__getattr__ = modules(__name__, {"T": "theano.tensor"})
