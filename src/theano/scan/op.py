"""Theano's ``theano.scan.op``: names of Theon."""

from theano.scan_module.scan_op import *
