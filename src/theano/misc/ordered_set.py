"""Theano's ``theano.misc.ordered_set``: names of Theon."""

from theon.legacy.collections import OrderedSet, check_deterministic
from theon.legacy.python2 import string_types
