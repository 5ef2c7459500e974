"""Theano's ``theano.tensor.nnet.blocksparse``: names of Theon."""

from theon.autodiff.reverse import grad_undefined
from theon.dtypes import discrete_dtypes
from theon.graph.op import Op
from theon.graph.variable import Apply
