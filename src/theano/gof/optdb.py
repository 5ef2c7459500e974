"""Theano's ``theano.gof.optdb``: names of Theon."""

from theon.options import config
