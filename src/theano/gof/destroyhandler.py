"""Theano's ``theano.gof.destroyhandler``: names of Theon."""

from theon.errors import InconsistencyError
from theon.options import config
