"""Theano's ``theano.sandbox.multinomial``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.random.multinomial import ChoiceFromUniform, MultinomialFromUniform, MultinomialWOReplacementFromUniform
