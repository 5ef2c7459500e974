"""Theano's ``theano.compile.monitormode``: names of Theon."""

from theon.compile.mode import Mode
