"""Theano's ``theano.tensor.signal.pool``: names of Theon."""

from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.nnet.pool import Pool, PoolGrad, max_pool_2d_same_size, pool_2d, pool_3d
from theon.tensor.constructors import tensor
