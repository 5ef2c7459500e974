"""Theano's ``theano.scan.opt``: names of Theon."""

from theano.scan_module.scan_opt import *
