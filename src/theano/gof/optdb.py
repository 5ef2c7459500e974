"""Theano's ``theano.gof.optdb``: names of Theon."""

from theano._modules import modules
from theon.legacy.collections import DefaultOrderedDict, OrderedSet
from theon.legacy.python2 import integer_types
from theon.options import config
from theon.rewrite.database import DB, EquilibriumDB, LocalGroupDB, ProxyDB, Query, SequenceDB, TopoDB

__getattr__ = modules(__name__, {"opt": "theano.gof.opt"})
