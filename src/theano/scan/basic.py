"""Theano's ``theano.scan.basic``: names of Theon."""

from theano.scan_module.scan import *
