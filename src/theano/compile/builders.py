"""Theano's ``theano.compile.builders``: names of Theon."""

from theon.control.inner import OpFromGraph
from theon.graph.disconnected import DisconnectedType
from theon.graph.type import NullType
from theon.graph.variable import Variable
from theon.tensor.shared import SharedVariable
