"""Theano's ``theano.tensor.nnet.ctc``: names of Theon."""

from theano._modules import modules
from theon.autodiff.reverse import grad_undefined
from theon.compile.stages import register_canonicalize
from theon.legacy.tensor_ops import cpu_contiguous
from theon.nnet.ctc import ConnectionistTemporalClassification, ctc, ctc_available, ctc_present
from theon.options import config
from theon.rewrite.local import local_optimizer
from theon.rewrite.rules.layers import cost_without_gradient as local_ctc_no_grad

__getattr__ = modules(__name__, {"T": "theano.tensor", "gof": "theano.gof"})
