"""Theano's ``theano.scan_module.scan_views``: names of Theon."""

from theon.control.scan import foldl, foldr, map, reduce, scan
