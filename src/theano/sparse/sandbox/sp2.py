"""Theano's ``theano.sparse.sandbox.sp2``: names of Theon."""

from theon.dtypes import discrete_dtypes, float_dtypes
from theon.ops.arith import neg
from theon.ops.dot import dot
from theon.random.raw import multinomial, poisson
from theon.tensor.constructors import tensor
