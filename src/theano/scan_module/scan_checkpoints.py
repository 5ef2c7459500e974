"""Theano's ``theano.scan_module.scan_checkpoints``: names of Theon."""

from theon.ops.join import Join
