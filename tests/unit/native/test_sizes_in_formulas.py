"""Sizes of inputs as numbers in formulas."""

import math

import numpy as np

import theano
import theano.tensor as T


def test_functions_of_sizes_are_declared():
    x = T.dmatrix("x")
    n = T.cast(x.shape[0], "float64")
    f = theano.function([x], [(x * T.log1p(n)).sum(axis=0), T.nnet.softplus(n) + T.erf(n)])
    found = f(np.ones((3, 2)))
    np.testing.assert_allclose(found[0], 3 * np.log1p(3.0))
    np.testing.assert_allclose(found[1], np.log1p(np.exp(3.0)) + math.erf(3.0))
