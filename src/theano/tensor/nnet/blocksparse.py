"""Theano's ``theano.tensor.nnet.blocksparse``: names of Theon."""

from theano._modules import modules
from theon.autodiff.reverse import grad_undefined
from theon.dtypes import discrete_dtypes
from theon.graph.op import Op
from theon.graph.variable import Apply

__getattr__ = modules(__name__, {"theano": "theano"})
