"""Theano's ``theano.sandbox.cuda.dnn``, which says that there is no cuDNN."""

from theano._no_gpu import absent, unavailable as dnn_available

__getattr__ = absent(__name__)
