"""Theano's ``theano.sparse``: names of Theon."""

from theano.sparse import basic, opt, sandbox, sharedvar, type, utils
from theon.autodiff.reverse import grad_not_implemented, grad_undefined
from theon.dtypes import (
    all_dtypes,
    complex_dtypes,
    continuous_dtypes,
    discrete_dtypes,
    float_dtypes,
    int_dtypes,
    integer_dtypes,
    uint_dtypes,
)
from theon.graph.disconnected import DisconnectedType
from theon.ops.arith import add, conj, mul, neg, sgn, sqr, sub
from theon.ops.compare import eq, ge, gt, le, lt, neq
from theon.ops.dims import cast, transpose
from theon.ops.dot import Dot, dot
from theon.ops.explog import deg2rad, expm1, log1p, rad2deg, sqrt
from theon.ops.fill import diag
from theon.ops.round import ceil, floor, trunc
from theon.ops.trig import arcsin, arcsinh, arctan, arctanh, sin, sinh, tan, tanh
from theon.options import config
from theon.tensor.constant import constant
from theon.tensor.constructors import matrix, scalar, tensor
from theon.tensor.shared import shared
