"""Theano's ``theano.compile.mode``: names of Theon."""

from theon.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    Mode,
    get_default_mode,
    get_mode,
    predefined_modes,
    register_mode,
)
from theon.options import config
