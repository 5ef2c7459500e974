"""Softmax along the first axis, which is that of a transpose, is computed in the order of memory."""

import numpy as np
import pytest
import scipy.special

import theano
import theano.tensor as T
import theon


def along(x, axis):
    e = T.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(300, 40), (3, 5000), (700, 1), (1, 9), (4, 0)])
def test_softmax_of_columns(dtype, shape):
    x = T.matrix("x", dtype=dtype)
    f = theano.function([x], [along(x, 0), T.nnet.softmax(x.T), T.nnet.logsoftmax((2 * x + 1).T)])
    a = np.random.RandomState(0).randn(*shape).astype(dtype)
    for given in (a, np.asfortranarray(a), np.repeat(a, 2, 1)[:, ::2]):
        share, turned, logarithm = f(given)
        expected = scipy.special.softmax(a, 0) if a.size else a
        np.testing.assert_allclose(share, expected, rtol=1e-5)
        np.testing.assert_allclose(turned, expected.T, rtol=1e-5)
        np.testing.assert_allclose(
            logarithm, scipy.special.log_softmax(2 * a + 1, 0).T if a.size else a.T, rtol=1e-5, atol=1e-5
        )


def test_largest_elements_are_subtracted_once():
    x = T.matrix("x")
    text = theon.explain(theano.function([x], along(x, 0)))
    assert "max" in text and "x - " not in text


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_thin_products_of_any_length(dtype):
    x, y = T.matrix("x", dtype=dtype), T.matrix("y", dtype=dtype)
    f, rng = theano.function([x, y], T.dot(x, y)), np.random.RandomState(1)
    for m, k, n in [(316, 316, 1), (5, 1000, 1), (1, 999, 7), (33, 40, 2), (9, 17000, 1), (64, 65, 3), (7, 129, 1)]:
        a, b = rng.randn(m, k).astype(dtype), rng.randn(k, n).astype(dtype)
        for left in (a, np.asfortranarray(a)):
            exact = a.astype("float64") @ b.astype("float64")
            np.testing.assert_allclose(f(left, b), exact, rtol=1e-4, atol=1e-5 * k**0.5)
