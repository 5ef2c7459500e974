"""Theano's ``theano.gof.vm``: names of Theon."""

from theano._modules import modules
from theon.options import config

__getattr__ = modules(__name__, {"link": "theano.gof.link", "theano": "theano"})
