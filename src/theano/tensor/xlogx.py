"""Theano's ``theano.tensor.xlogx``: names of Theon."""

from theon.ops.declare import Elemwise
from theon.ops.explog import xlogx, xlogy0
from theon.tensor.constructors import scalar
