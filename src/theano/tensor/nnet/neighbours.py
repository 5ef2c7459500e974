"""Theano's ``theano.tensor.nnet.neighbours``: names of Theon."""

from theon.autodiff.reverse import grad_not_implemented, grad_undefined
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.nnet.neighbours import Images2Neibs, images2neibs, neibs2images
