"""Theano's ``theano.gof.cc``: names of Theon."""

from theon.options import config
