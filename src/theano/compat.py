"""Theano's ``theano.compat``: names of Theon."""

from theon.legacy.collections import DefaultOrderedDict
from theon.legacy.configuration import maybe_add_to_os_environ_pathlist
from theon.legacy.python2 import (
    PY3,
    cmp,
    decode,
    decode_iter,
    decode_with,
    exc_message,
    get_unbound_function,
    ifilter,
    imap,
    izip,
    operator_div,
)
