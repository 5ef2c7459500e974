"""Theano's ``theano.scalar.basic_scipy``: names of Theon."""

from theano._modules import modules
from theon.autodiff.reverse import grad_not_implemented
from theon.dtypes import upcast
from theon.ops.explog import exp
from theon.ops.special import (
    chi2sf,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfinv,
    gamma,
    gammainc,
    gammaincc,
    gammaln,
    i0,
    i1,
    iv,
    j0,
    j1,
    jv,
    psi,
    tri_gamma,
)
from theon.tensor.constructors import complex_types, float_types

__getattr__ = modules(__name__, {"theano": "theano"})
