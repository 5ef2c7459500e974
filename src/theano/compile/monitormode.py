"""Theano's ``theano.compile.monitormode``: names of Theon."""

import numpy as np

import theano
from theon.compile.mode import Mode
from theon.compile.watchmodes import MonitorMode, detect_nan
