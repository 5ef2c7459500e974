"""Theano's ``theano.sparse.sandbox.sp2``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.sparse.arith import (
    AddSSData,
    MulSV,
    StructuredAddSV,
    add_s_s,
    add_s_s_data,
    mul_s_d,
    mul_s_s,
    mul_s_v,
    neg,
    structured_add_s_v,
)
from theon.sparse.convert import Cast, bcast, ccast, dcast, fcast, icast, lcast, wcast, zcast
from theon.sparse.csm import (
    CSC,
    CSM,
    CSMProperties,
    CSR,
    csm_data,
    csm_indices,
    csm_indptr,
    csm_properties,
    csm_shape,
)
from theon.sparse.draws import (
    Binomial,
    Multinomial,
    Poisson,
    csc_dbinomial,
    csc_fbinomial,
    csr_dbinomial,
    csr_fbinomial,
    multinomial,
    poisson,
)
from theon.sparse.join import HStack, VStack, hstack, vstack
from theon.sparse.packed import (
    MulSDCSC,
    MulSDCSR,
    MulSVCSR,
    SamplingDotCSR,
    StructuredAddSVCSR,
    mul_s_d_csc,
    mul_s_d_csr,
    mul_s_v_csr,
    sampling_dot_csr,
    structured_add_s_v_csr,
)
from theon.sparse.products import SamplingDot, dot, sampling_dot
from theon.sparse.rules import (
    local_mul_s_d,
    local_mul_s_v,
    local_sampling_dot_csr,
    local_structured_add_s_v,
    register_specialize,
)
from theon.sparse.structured import (
    structured_add,
    structured_exp,
    structured_log,
    structured_maximum,
    structured_minimum,
    structured_monoid,
    structured_pow,
    structured_sigmoid,
)
from theon.sparse.tidy import EliminateZeros, Remove0, eliminate_zeros, remove0
from theon.sparse.type import SparseType, discrete_dtypes, float_dtypes
from theon.sparse.variable import as_sparse_variable

__getattr__ = modules(__name__, {"gof": "theano.gof", "tensor": "theano.tensor"})
