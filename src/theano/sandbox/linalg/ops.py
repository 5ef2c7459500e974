"""Theano's ``theano.sandbox.linalg.ops``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import register_canonicalize, register_specialize, register_stabilize
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.legacy.blas import Dot22
from theon.legacy.python2 import integer_types
from theon.ops.decompose import Cholesky, cholesky
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot
from theon.ops.fill import extract_diag, trace
from theon.ops.linalg import MatrixInverse, det, matrix_inverse
from theon.ops.solve import Solve, solve
from theon.rewrite.local import local_optimizer
from theon.rewrite.optimizer import Optimizer

__getattr__ = modules(__name__, {"tensor": "theano.tensor", "theano": "theano"})
