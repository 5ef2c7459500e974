"""Theano's ``theano.scan_module.scan_views``: names of Theon."""
