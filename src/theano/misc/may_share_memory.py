"""Theano's ``theano.misc.may_share_memory``: names of Theon."""

from theon.legacy.sharing import may_share_memory
