"""Theano's ``theano.tensor.nlinalg``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.legacy.tensor_names import diag, trace
from theon.ops.decompose import Eig, Eigh, EighGrad, QRFull, QRIncomplete, SVD, _OfMatrix, eig, eigh, qr, svd
from theon.ops.fill import AllocDiag, ExtractDiag, alloc_diag, extract_diag
from theon.ops.linalg import (
    Det,
    MatrixInverse,
    MatrixPinv,
    TensorInv,
    det,
    matrix_dot,
    matrix_inverse,
    matrix_power,
    norm,
    pinv,
    slogdet,
    tensorinv,
)
from theon.ops.solve import TensorSolve, lstsq, tensorsolve
from theon.tensor.constant import as_tensor_variable

__getattr__ = modules(__name__, {"tensor": "theano.tensor.basic"})
