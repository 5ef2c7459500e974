"""Theano's ``theano.tensor.slinalg``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.ops.decompose import Cholesky, CholeskyGrad, Eigvalsh, EigvalshGrad, cholesky, eigvalsh
from theon.ops.factors import lu, lu_factor, lu_solve
from theon.ops.linalg import Expm, ExpmGrad, expm, kron
from theon.ops.solve import (
    MATRIX_STRUCTURES,
    Solve,
    cho_solve,
    solve,
    solve_lower_triangular,
    solve_symmetric,
    solve_triangular,
    solve_upper_triangular,
)
from theon.tensor.constant import as_tensor_variable

imported_scipy = True

__getattr__ = modules(__name__, {"tensor": "theano.tensor"})
