"""Theano's ``theano.scan.views``: names of Theon."""

from theano.scan_module.scan_views import *
