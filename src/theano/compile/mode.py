"""Theano's ``theano.compile.mode``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.mode import (
    FAST_COMPILE,
    FAST_RUN,
    Mode,
    OPT_FAST_COMPILE,
    OPT_FAST_RUN,
    OPT_FAST_RUN_STABLE,
    OPT_MERGE,
    OPT_NONE,
    OPT_O2,
    OPT_O3,
    OPT_STABILIZE,
    OPT_UNSAFE,
    exclude,
    get_default_mode,
    get_mode,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
)
from theon.compile.stages import local_useless, optdb, register_optimizer
from theon.graph.destroy import Supervisor
from theon.legacy.passes import AddDestroyHandler, PrintCurrentFunctionGraph, instantiated_default_mode
from theon.legacy.python2 import string_types
from theon.options import config
from theon.rewrite.optimizer import AddFeatureOptimizer

__getattr__ = modules(__name__, {"gof": "theano.gof"})
