"""Theano's ``theano.tensor.blas_scipy``: names of Theon."""

from theon.compile.stages import optdb
from theon.rewrite.local import local_optimizer
from theon.rewrite.navigate import in2out
