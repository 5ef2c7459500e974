"""Theano's ``theano.gpuarray.dnn``, which says that there is no cuDNN."""

from theano._no_gpu import absent, unavailable as dnn_available, unavailable as dnn_present

dnn_available.msg = "Theon computes on the CPU"

__getattr__ = absent(__name__)
