"""Theano's ``theano.tensor.signal.downsample``, the older name of ``theano.tensor.signal.pool``: names of Theon."""

from theon.nnet.pool import max_pool_2d, max_pool_2d_same_size

__all__ = ["max_pool_2d", "max_pool_2d_same_size"]
