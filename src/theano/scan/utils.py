"""Theano's ``theano.scan.utils``: names of Theon."""

from theano.scan_module.scan_utils import *
