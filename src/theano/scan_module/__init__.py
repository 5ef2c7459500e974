"""Theano's ``theano.scan_module``: names of Theon."""

from theano.scan_module import scan, scan_checkpoints, scan_op, scan_opt, scan_utils, scan_views
from theon.compile.conveniences import clone
from theon.control.checkpoints import scan_checkpoints
from theon.control.scan import foldl, foldr, map, reduce, scan, until
