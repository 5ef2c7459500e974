"""Theano's ``theano.sandbox.solve``: names of Theon."""

from theon.errors import message
