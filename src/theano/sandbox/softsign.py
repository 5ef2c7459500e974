"""Theano's ``theano.sandbox.softsign``: names of Theon."""

from theon.ops.softmax import softsign
