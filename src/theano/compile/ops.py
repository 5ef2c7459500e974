"""Theano's ``theano.compile.ops``: names of Theon."""

from theon.graph.op import FromFunctionOp, as_op
from theon.ops.dims import Rebroadcast, Shape, Shape_i, SpecifyShape, shape, shape_i, specify_shape
