"""Theano's ``theano.compile.monitormode``: names of Theon."""

from theon.compile.mode import Mode
from theon.compile.watchmodes import MonitorMode, detect_nan
