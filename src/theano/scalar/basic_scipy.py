"""Theano's ``theano.scalar.basic_scipy``: names of Theon."""

import numpy as np

import theano
from theon.autodiff.reverse import grad_not_implemented
from theon.dtypes import upcast
from theon.ops.scalars import (
    Chi2SF,
    Erf,
    Erfc,
    Erfcinv,
    Erfcx,
    Erfinv,
    Gamma,
    GammaInc,
    GammaIncC,
    GammaL,
    GammaLn,
    GammaU,
    I0,
    I1,
    Iv,
    J0,
    J1,
    Jv,
    Psi,
    TriGamma,
    chi2sf,
    complex_types,
    discrete_types,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfinv,
    exp,
    float_types,
    gamma,
    gammainc,
    gammaincc,
    gammal,
    gammaln,
    gammau,
    i0,
    i1,
    imported_scipy_special,
    iv,
    j0,
    j1,
    jv,
    psi,
    tri_gamma,
)
from theon.scalar.op import BinaryScalarOp, UnaryScalarOp
from theon.scalar.rules import upgrade_to_float, upgrade_to_float64, upgrade_to_float_no_complex
