"""Theano's ``theano.misc.pkl_utils``: names of Theon."""

import numpy as np

import theano
from theon.legacy.pickles import (
    CompatUnpickler,
    DEFAULT_PROTOCOL,
    HIGHEST_PROTOCOL,
    PersistentNdarrayID,
    PersistentNdarrayLoad,
    PersistentSharedVariableID,
    StripPickler,
    dump,
    load,
    zipadd,
)
from theon.legacy.python2 import PY3, string_types
from theon.options import config
from theon.tensor.shared import SharedVariable
