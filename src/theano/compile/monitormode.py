"""Theano's ``theano.compile.monitormode``: names of Theon."""

from theano._modules import modules
from theon.compile.mode import Mode
from theon.compile.watchmodes import MonitorMode, detect_nan

__getattr__ = modules(__name__, {"theano": "theano"})
