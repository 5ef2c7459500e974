"""Theano's ``theano.misc``: names of Theon."""

from theano.misc import frozendict, ordered_set, pkl_utils, safe_asarray, strutil
