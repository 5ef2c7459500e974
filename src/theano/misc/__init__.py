"""Theano's ``theano.misc``: names of Theon."""

from theano._modules import modules
from theano.misc import frozendict, may_share_memory, ordered_set, pkl_utils, safe_asarray, strutil

__getattr__ = modules(__name__, {"cpucount": "theano.misc.cpucount"})
