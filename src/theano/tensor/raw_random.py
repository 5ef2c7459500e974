"""Theano's ``theano.tensor.raw_random``: names of Theon."""

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
from theon.tensor.constructors import tensor
