"""Theano's ``theano.sandbox.minimal``: names of Theon."""

from theano._modules import modules
from theon.compile.function import function
from theon.legacy.minimal import Minimal, minimal

__getattr__ = modules(__name__, {"gof": "theano.gof", "tensor": "theano.tensor", "utt": "theano.tests.unittest_tools"})
