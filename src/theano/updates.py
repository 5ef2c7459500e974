"""Theano's ``theano.updates``: names of Theon."""

from theon.compile.function import OrderedUpdates
from theon.tensor.shared import SharedVariable
