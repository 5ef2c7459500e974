"""Theano's ``theano.gof.utils``: names of Theon."""

from theon.errors import MethodNotDefined
from theon.graph.inspect import give_variables_names
from theon.graph.props import MetaObject, object2
from theon.graph.variable import Scratchpad as scratchpad, scratchpad
from theon.legacy.markers import (
    ABORT,
    ANY_TYPE,
    D,
    FAILURE,
    FALL_THROUGH,
    Keyword,
    RETRY,
    comm_guard,
    deprecated,
    hash_from_code,
    hash_from_file,
    hashtype,
    memoize,
    simple_types,
    type_guard,
    undef,
)
from theon.legacy.ordering import toposort
from theon.legacy.python2 import PY3, integer_types, string_types
from theon.legacy.sequences import (
    difference,
    flatten,
    from_return_values,
    hist,
    remove,
    to_return_values,
    uniq,
    unique,
)
from theon.legacy.traces import add_tag_trace, get_variable_trace_string, simple_extract_stack
from theon.options import config
