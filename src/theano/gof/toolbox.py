"""Theano's ``theano.gof.toolbox``: names of Theon."""

from theon.errors import BadOptimization
from theon.options import config
