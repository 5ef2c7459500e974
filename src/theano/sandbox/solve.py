"""Theano's ``theano.sandbox.solve``: names of Theon."""

from theon.errors import message
from theon.ops.solve import solve
