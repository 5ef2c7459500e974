"""Theano's ``theano.compile.profiling``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.options import config
from theon.runtime.profile import (
    ProfileStats,
    ScanProfileStats,
    print_global_stats,
    register_profiler_printer,
    theano_imported_time,
)

__getattr__ = modules(__name__, {"graph": "theano.gof.graph"})
