"""Theano's ``theano.gof.link``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.type import Type
from theon.legacy.markers import undef
from theon.runtime.linker import (
    Linker,
    LocalLinker,
    PerformLinker,
    WrapLinker,
    WrapLinkerMany,
    add_clear_storage,
    gc_helper,
    log_thunk_trace,
    map_storage,
    raise_with_op,
    streamline,
    thunk_hook,
)
from theon.tensor.shared import Container

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "utils": "theano.gof.utils"})
