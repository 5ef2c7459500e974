"""Theano's ``theano.compile.debugmode``: names of Theon."""

from theon.compile.debugmode import (
    BadDestroyMap,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    DebugModeError,
    InvalidValueError,
    StochasticOrder,
)
from theon.compile.function import FunctionMaker
from theon.compile.mode import Mode, register_mode
from theon.errors import BadOptimization
from theon.graph.printing import debugprint
from theon.options import change_flags, config
from theon.runtime.function import Function
from theon.runtime.reference import raise_with_op
