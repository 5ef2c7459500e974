"""Theano's ``theano.configdefaults``: names of Theon."""

import numpy as np

import theano
from theon.legacy.configuration import (
    AddConfigVar,
    BoolParam,
    ConfigParam,
    DeviceParam,
    EnumStr,
    FloatParam,
    IntParam,
    StrParam,
    THEANO_FLAGS_DICT,
    TheanoConfigParser,
    cpuCount,
    default_openmp,
    filter_mode,
    filter_vm_lazy,
    floatX_convert,
    get_home_dir,
    good_seed_param,
    is_valid_check_preallocated_output_param,
    local_bitwidth,
    maybe_add_to_os_environ_pathlist,
    python_int_bitwidth,
    short_platform,
    split_version,
    warn_default,
)
from theon.legacy.python2 import string_types
from theon.ops.statistics import var
from theon.options import config
