"""Theano's ``theano.sparse.opt``: names of Theon."""

from theon.sparse.csm import CSC, CSR, csm_data, csm_grad, csm_indices, csm_indptr, csm_properties
from theon.sparse.products import usmm
from theon.tensor.constructors import scalar, tensor
