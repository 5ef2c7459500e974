"""Theano's ``theano.sandbox.linalg.ops``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.stages import register_canonicalize, register_specialize, register_stabilize
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.legacy.blas import Dot22
from theon.legacy.hints import Hint, HintsFeature, HintsOptimizer
from theon.legacy.python2 import integer_types
from theon.legacy.rewrites import (
    inv_as_solve,
    local_det_chol,
    local_log_pow,
    local_log_prod_sqr,
    no_transpose_symmetric,
    psd_solve_with_chol,
    tag_solve_triangular,
    transinv_to_invtrans,
)
from theon.legacy.tensor_names import trace
from theon.ops.decompose import Cholesky, cholesky
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot
from theon.ops.fill import extract_diag
from theon.ops.hints import hints, is_hint_node, is_positive, is_psd, is_symmetric, psd, spectral_radius_bound
from theon.ops.linalg import MatrixInverse, det, matrix_inverse
from theon.ops.solve import Solve, solve
from theon.rewrite.local import local_optimizer
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.rules.linear import remove_hint_nodes

imported_scipy = True
tag_solve_triangular = psd_solve_with_chol

__getattr__ = modules(__name__, {"tensor": "theano.tensor"})
