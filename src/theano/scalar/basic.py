"""Theano's ``theano.scalar.basic``: names of Theon."""

from theano._modules import modules
from theon.autodiff.reverse import grad_undefined
from theon.dtypes import upcast
from theon.graph.disconnected import DisconnectedType
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op
from theon.graph.printing import pprint
from theon.graph.type import Type
from theon.graph.variable import Apply, Constant, Variable
from theon.legacy.python2 import integer_types
from theon.ops.arith import (
    abs_,
    add,
    clip,
    conj,
    int_div,
    int_div as floor_div,
    maximum,
    minimum,
    mod,
    mul,
    neg,
    pow,
    second,
    sgn,
    sqr,
    sub,
    switch,
    true_div,
)
from theon.ops.bits import and_, invert, or_, xor
from theon.ops.compare import eq, ge, gt, inclosedrange, inopenrange, isinf, isnan, le, lt, neq
from theon.ops.complex import angle, complex, complex_from_polar, imag, real
from theon.ops.declare import ScalarOp
from theon.ops.dims import cast
from theon.ops.explog import deg2rad, exp, exp2, expm1, inv, log, log10, log1p, log2, rad2deg, sqrt
from theon.ops.methods import IntegerDivisionError, div_proxy, int_or_true_div, mod_check
from theon.ops.round import ceil, floor, round_half_away_from_zero, round_half_to_even, trunc
from theon.ops.trig import arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cos, cosh, sin, sinh, tan, tanh
from theon.options import config
from theon.tensor.constant import NumpyAutocaster, autocast_float, autocast_float_as, autocast_int, constant
from theon.tensor.constructors import complex_types, float_types, int_types

__getattr__ = modules(
    __name__, {"gof": "theano.gof", "printing": "theano.printing", "theano": "theano", "utils": "theano.gof.utils"}
)
