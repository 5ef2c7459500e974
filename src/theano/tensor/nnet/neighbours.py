"""Theano's ``theano.tensor.nnet.neighbours``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.autodiff.reverse import grad_not_implemented, grad_undefined
from theon.graph.enums import EnumList
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.nnet.neighbours import Images2Neibs, images2neibs, neibs2images

__getattr__ = modules(__name__, {"T": "theano.tensor"})
