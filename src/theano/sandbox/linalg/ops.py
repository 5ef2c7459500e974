"""Theano's ``theano.sandbox.linalg.ops``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot
from theon.ops.fill import trace
from theon.ops.linalg import Cholesky, MatrixInverse, Solve, cholesky, det, matrix_inverse, solve
from theon.tensor.constructors import tensor
