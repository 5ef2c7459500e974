"""Theano's ``theano.typed_list.opt``: names of Theon."""

from theano._modules import modules
from theon.rewrite.navigate import TopoOptimizer
from theon.typed_list.ops import Append, Extend, Insert, Remove, Reverse
from theon.typed_list.rules import typed_list_inplace_opt

__getattr__ = modules(__name__, {"compile": "theano.compile", "gof": "theano.gof"})
