"""Theano's ``theano.tensor.raw_random``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.compile.stages import optdb
from theon.legacy.python2 import string_types
from theon.random.raw import (
    RandomFunction,
    RandomStateType,
    RandomStreamsBase,
    binomial,
    choice,
    choice_helper,
    multinomial,
    multinomial_helper,
    normal,
    permutation,
    permutation_helper,
    poisson,
    random_integers,
    random_integers_helper,
    random_state_type,
    uniform,
)

__getattr__ = modules(__name__, {"gof": "theano.gof", "opt": "theano.tensor.opt", "tensor": "theano.tensor"})
