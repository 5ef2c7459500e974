"""Theano's ``theano.gof.callcache``: names of Theon."""

from theon.legacy.callcache import CallCache
