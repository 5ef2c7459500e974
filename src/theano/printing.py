"""Theano's ``theano.printing``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.descriptions import (
    VALID_ASSOC,
    greek,
    hex_digest,
    min_informative_str,
    position_independent_str,
    special,
    use_ascii,
    var_descriptor,
)
from theon.graph.op import Op
from theon.graph.printing import (
    DefaultPrinter,
    FunctionPrinter,
    IgnorePrinter,
    LeafPrinter,
    OperatorPrinter,
    PPrinter,
    PatternPrinter,
    PrinterState,
    debugprint,
    default_printer,
    leaf_printer,
    pp,
    pprint,
)
from theon.graph.variable import Apply
from theon.legacy.python2 import integer_types, string_types
from theon.ops.checks import Print
from theon.ops.printers import ElementwisePrinter
from theon.options import config
from theon.runtime.function import Function
from theon.tensor.shared import SharedVariable
from theon.viz.print import default_colorCodes, pydot_imported, pydot_imported_msg, pydotprint

__getattr__ = modules(__name__, {"debugmode": "theano.compile.debugmode", "gof": "theano.gof"})
