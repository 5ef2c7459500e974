"""Theano's ``theano.scan.checkpoints``: names of Theon."""

from theano.scan_module.scan_checkpoints import *
