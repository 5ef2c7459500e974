"""Theano's ``theano.tensor.xlogx``: names of Theon."""

from theano._modules import modules
from theon.ops.declare import Elemwise
from theon.ops.explog import xlogx, xlogy0
from theon.ops.scalars import XlogX, XlogY0, scalar_xlogx, scalar_xlogy0

__getattr__ = modules(__name__, {"scalar": "theano.scalar"})
