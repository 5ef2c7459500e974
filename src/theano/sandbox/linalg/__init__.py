"""Theano's ``theano.sandbox.linalg``: names of Theon."""

from theano.sandbox.linalg import ops
from theon.legacy.tensor_names import diag, trace
from theon.ops.decompose import cholesky, eig, eigh, eigvalsh
from theon.ops.fill import alloc_diag, extract_diag
from theon.ops.hints import psd, spectral_radius_bound
from theon.ops.linalg import det, matrix_inverse
from theon.ops.solve import solve
