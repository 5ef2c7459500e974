"""Theano's ``theano.compile.profiling``: names of Theon."""

from theon.options import config
from theon.runtime.profile import ProfileStats
