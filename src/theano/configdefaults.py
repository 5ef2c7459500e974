"""Theano's ``theano.configdefaults``: names of Theon."""

from theon.ops.reduce import var
from theon.options import config
