"""Theano's ``theano.compile.ops``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.copies import DeepCopyOp, OutputGuard, ViewOp, deep_copy_op, view_op
from theon.graph.op import FromFunctionOp, as_op
from theon.legacy.passes import expandable_types, shape_i, shape_i_op
from theon.legacy.python2 import integer_types
from theon.ops.dims import Rebroadcast
from theon.ops.reshape import SpecifyShape, specify_shape
from theon.ops.shape import Shape, Shape_i, shape

__getattr__ = modules(__name__, {"gof": "theano.gof"})
