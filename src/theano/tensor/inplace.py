"""Theano's ``theano.tensor.inplace``: names of Theon."""

from theano._modules import modules
from theon.graph.printing import pprint
from theon.ops.arith import (
    abs_ as abs__inplace,
    add as add_inplace,
    conj as conj_inplace,
    int_div as int_div_inplace,
    maximum as maximum_inplace,
    minimum as minimum_inplace,
    mod as mod_inplace,
    mul as mul_inplace,
    neg as neg_inplace,
    pow as pow_inplace,
    second as fill_inplace,
    second as second_inplace,
    sgn as sgn_inplace,
    sqr as sqr_inplace,
    sub as sub_inplace,
    true_div as true_div_inplace,
)
from theon.ops.bits import and_ as and__inplace, invert as invert_inplace, or_ as or__inplace, xor as xor_inplace
from theon.ops.compare import (
    eq as eq_inplace,
    ge as ge_inplace,
    gt as gt_inplace,
    le as le_inplace,
    lt as lt_inplace,
    neq as neq_inplace,
)
from theon.ops.dims import transpose as transpose_inplace
from theon.ops.explog import (
    deg2rad as deg2rad_inplace,
    exp as exp_inplace,
    exp2 as exp2_inplace,
    expm1 as expm1_inplace,
    inv as inv_inplace,
    log as log_inplace,
    log10 as log10_inplace,
    log1p as log1p_inplace,
    log2 as log2_inplace,
    rad2deg as rad2deg_inplace,
    sqrt as sqrt_inplace,
)
from theon.ops.round import (
    ceil as ceil_inplace,
    floor as floor_inplace,
    round_half_away_from_zero as round_half_away_from_zero_inplace,
    round_half_to_even as round_half_to_even_inplace,
    trunc as trunc_inplace,
)
from theon.ops.special import (
    chi2sf as chi2sf_inplace,
    erf as erf_inplace,
    erfc as erfc_inplace,
    erfcx as erfcx_inplace,
    gamma as gamma_inplace,
    gammaln as gammaln_inplace,
    i0 as i0_inplace,
    i1 as i1_inplace,
    iv as iv_inplace,
    j0 as j0_inplace,
    j1 as j1_inplace,
    jv as jv_inplace,
    psi as psi_inplace,
    tri_gamma as tri_gamma_inplace,
)
from theon.ops.trig import (
    arccos as arccos_inplace,
    arccosh as arccosh_inplace,
    arcsin as arcsin_inplace,
    arcsinh as arcsinh_inplace,
    arctan as arctan_inplace,
    arctan2 as arctan2_inplace,
    arctanh as arctanh_inplace,
    cos as cos_inplace,
    cosh as cosh_inplace,
    sin as sin_inplace,
    sinh as sinh_inplace,
    tan as tan_inplace,
    tanh as tanh_inplace,
)

__getattr__ = modules(
    __name__, {"elemwise": "theano.tensor.elemwise", "printing": "theano.printing", "scal": "theano.scalar"}
)
