"""Theano's ``theano.gpuarray``, which says that there is no GPU."""

from theano._no_gpu import absent, use

pygpu = None
pygpu_activated = False

__getattr__ = absent(__name__)
