"""Theano's ``theano.sandbox.multinomial``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.random.multinomial import ChoiceFromUniform, MultinomialFromUniform, MultinomialWOReplacementFromUniform
from theon.scalar.type import as_scalar

__getattr__ = modules(__name__, {"T": "theano.tensor"})
