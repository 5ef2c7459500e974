"""Theano's ``theano.scan``: names of Theon."""

from theano.scan import basic, checkpoints, op, opt, utils, views
from theano.scan_module import *
