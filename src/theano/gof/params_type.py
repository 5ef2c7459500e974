"""Theano's ``theano.gof.params_type``: names of Theon."""

from theon.errors import MethodNotDefined
from theon.graph.enums import EnumType
from theon.graph.params import Params, ParamsType
from theon.graph.type import Type
