"""Theano's ``theano.gof.opt``: names of Theon."""

from theon.errors import InconsistencyError
from theon.options import config
