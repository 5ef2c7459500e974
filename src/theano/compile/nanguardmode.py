"""Theano's ``theano.compile.nanguardmode``: names of Theon."""

from theon.compile.mode import Mode, get_mode
from theon.compile.watchmodes import NanGuardMode, contains_inf, contains_nan
from theon.ops.dims import flatten
from theon.options import config
