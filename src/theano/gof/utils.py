"""Theano's ``theano.gof.utils``: names of Theon."""

from theon.errors import MethodNotDefined
from theon.graph.inspect import give_variables_names
from theon.graph.props import MetaObject, object2
from theon.graph.variable import Scratchpad as scratchpad, scratchpad
from theon.legacy.helpers import (
    ABORT,
    ANY_TYPE,
    D,
    FAILURE,
    FALL_THROUGH,
    Keyword,
    RETRY,
    add_tag_trace,
    comm_guard,
    deprecated,
    difference,
    flatten,
    from_return_values,
    get_variable_trace_string,
    hash_from_code,
    hash_from_file,
    hashtype,
    hist,
    memoize,
    remove,
    simple_extract_stack,
    simple_types,
    to_return_values,
    toposort,
    type_guard,
    undef,
    uniq,
    unique,
)
from theon.legacy.python2 import PY3, integer_types, string_types
from theon.options import config
