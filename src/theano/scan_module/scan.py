"""Theano's ``theano.scan_module.scan``: names of Theon."""

from theon.compile.function import OrderedUpdates, function
from theon.control.scan import scan
from theon.options import config
from theon.tensor.constructors import tensor
from theon.tensor.shared import SharedVariable
