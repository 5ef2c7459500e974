"""Theano's ``theano.configparser``: names of Theon."""

import numpy as np

import theano
from theon.legacy.configuration import (
    AddConfigVar,
    BoolParam,
    ConfigParam,
    EnumStr,
    FloatParam,
    IntParam,
    StrParam,
    THEANO_FLAGS,
    THEANO_FLAGS_DICT,
    TheanoConfigParser,
    TheanoConfigWarning,
    TypedParam,
    config_files,
    config_files_from_theanorc,
    fetch_val_for_key,
    get_config_hash,
    parse_config_string,
)
from theon.legacy.python2 import PY3, string_types
from theon.options import Config, change_flags, config
