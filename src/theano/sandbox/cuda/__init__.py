"""Theano's ``theano.sandbox.cuda``, which says that there is no GPU."""

from theano._no_gpu import absent, use

cuda_available = False
cuda_enabled = False

__getattr__ = absent(__name__)
