"""Theano's ``theano.tensor.blas_c``: names of Theon."""

from theano._modules import modules
from theon.compile.stages import optdb
from theon.options import config
from theon.rewrite.local import local_optimizer
from theon.rewrite.navigate import in2out

__getattr__ = modules(__name__, {"T": "theano.tensor.basic"})
