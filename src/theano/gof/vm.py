"""Theano's ``theano.gof.vm``: names of Theon."""

from theon.options import config
