"""Theano's ``theano.sparse.opt``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.stages import register_canonicalize
from theon.sparse.csm import CSC, CSR, csm_data, csm_grad, csm_indices, csm_indptr, csm_properties
from theon.sparse.packed import (
    AddSD_ccode,
    CSMGradC,
    MulSDCSC,
    MulSDCSR,
    MulSVCSR,
    SamplingDotCSR,
    StructuredAddSVCSR,
    StructuredDotCSC,
    StructuredDotCSR,
    UsmmCscDense,
    csm_grad_c,
    mul_s_d_csc,
    mul_s_d_csr,
    mul_s_v_csr,
    sampling_dot_csr,
    sd_csc,
    sd_csr,
    structured_add_s_v_csr,
    usmm_csc_dense,
    usmm_csc_dense_inplace,
)
from theon.sparse.products import usmm
from theon.sparse.rules import (
    local_addsd_ccode,
    local_csm_grad_c,
    local_csm_properties_csm,
    local_dense_from_sparse_sparse_from_dense,
    local_inplace_addsd_ccode,
    local_inplace_remove0,
    local_mul_s_d,
    local_mul_s_v,
    local_sampling_dot_csr,
    local_structured_add_s_v,
    local_structured_dot,
    local_usmm,
    local_usmm_csc_dense_inplace,
    local_usmm_csx,
    register_specialize,
)

__getattr__ = modules(
    __name__,
    {
        "blas": "theano.tensor.blas",
        "gof": "theano.gof",
        "scalar": "theano.scalar",
        "sparse": "theano.sparse.basic",
        "tensor": "theano.tensor",
    },
)
