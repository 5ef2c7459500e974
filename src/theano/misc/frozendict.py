"""Theano's ``theano.misc.frozendict``: names of Theon."""

from theon.legacy.collections import FrozenOrderedDict, frozendict
