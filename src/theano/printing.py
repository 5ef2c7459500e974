"""Theano's ``theano.printing``: names of Theon."""

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
from theon.ops.checks import Print
from theon.options import config
from theon.runtime.function import Function
from theon.tensor.shared import SharedVariable
