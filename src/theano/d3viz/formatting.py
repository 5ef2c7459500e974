"""Theano's ``theano.d3viz.formatting``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.runtime.function import Function
from theon.viz.dot import PyDotFormatter, dict_to_pdnode
from theon.viz.drawing import (
    apply_label,
    apply_profile,
    broadcastable_to_str,
    dtype_to_char,
    type_to_str,
    var_label,
    var_tag,
)
from theon.viz.print import pydot_imported, pydot_imported_msg

__getattr__ = modules(__name__, {"builders": "theano.compile.builders", "gof": "theano.gof"})
