"""Theano's ``theano.gof.type``: names of Theon."""

from theon.errors import MethodNotDefined
from theon.graph.op import Op
from theon.graph.type import PureType, SingletonType, Type, generic
from theon.options import change_flags
from theon.tensor.shared import Generic
