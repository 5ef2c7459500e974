"""Theano's ``theano.tensor.blas_scipy``: names of Theon."""

from theon.compile.stages import optdb
from theon.legacy.blas import Ger, ScipyGer, ger, ger_destructive, have_fblas, scipy_ger_inplace, scipy_ger_no_inplace
from theon.rewrite.local import local_optimizer
from theon.rewrite.navigate import in2out
