"""Theano's ``theano.compile.nanguardmode``: names of Theon."""

from theon.compile.mode import Mode, get_mode
from theon.ops.dims import flatten
from theon.options import config
