"""Formulas that users write, far out and near 0, where they overflow or cancel as they stand."""

import numpy as np
import pytest

import theano
import theano.tensor as T

X = np.array([-1e3, -40.0, -1.0, -1e-10, 0.0, 1e-10, 1.0, 40.0, 1e3])
PAIRS = np.stack([X, -X], axis=1)


def _softplus(x):
    return np.logaddexp(0, x)


def _sigmoid(x):
    return np.exp(-_softplus(-x))


def _one_minus_exp(x):
    """log(1 - exp(x)) for x < 0."""
    return np.where(x > -0.7, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def _rows(x):
    return T.stack([x, -x], axis=1)


FORMULAS = {
    "log(1 + exp(x))": (lambda x: T.log(1 + T.exp(x)), _softplus),
    "log(sigmoid(x))": (lambda x: T.log(T.nnet.sigmoid(x)), lambda x: -_softplus(-x)),
    "log(1 - sigmoid(x))": (lambda x: T.log(1 - T.nnet.sigmoid(x)), lambda x: -_softplus(x)),
    "-log(1 / (1 + exp(-x)))": (lambda x: -T.log(1 / (1 + T.exp(-x))), lambda x: _softplus(-x)),
    "exp(x) / (1 + exp(x))": (lambda x: T.exp(x) / (1 + T.exp(x)), _sigmoid),
    "1 - sigmoid(x)": (lambda x: 1 - T.nnet.sigmoid(x), lambda x: _sigmoid(-x)),
    "log(1 - exp(-|x| - tiny))": (
        lambda x: T.log(1 - T.exp(-abs(x) - 1e-12)), lambda x: _one_minus_exp(-abs(x) - 1e-12)
    ),
    "exp(x) - 1": (lambda x: T.exp(x.clip(-40, 40)) - 1, lambda x: np.expm1(x.clip(-40, 40))),
    "exp / sum(exp)": (
        lambda x: T.exp(_rows(x)) / T.exp(_rows(x)).sum(axis=1, keepdims=True),
        lambda x: np.stack([_sigmoid(2 * x), _sigmoid(-2 * x)], axis=1),
    ),
    "exp / sum(exp) of 3 dimensions": (
        lambda x: T.exp(T.stack([_rows(x)] * 2)) / T.exp(T.stack([_rows(x)] * 2)).sum(axis=2, keepdims=True),
        lambda x: np.stack([np.stack([_sigmoid(2 * x), _sigmoid(-2 * x)], axis=1)] * 2),
    ),
    "log(exp / sum(exp))": (
        lambda x: T.log(T.exp(_rows(x)) / T.exp(_rows(x)).sum(axis=1).dimshuffle(0, "x")),
        lambda x: PAIRS - np.logaddexp(x, -x)[:, None],
    ),
    "log(softmax)[:, 0]": (lambda x: T.log(T.nnet.softmax(_rows(x)))[:, 0], lambda x: x - np.logaddexp(x, -x)),
    "x - log(sum(exp), keepdims)": (
        lambda x: _rows(x) - T.log(T.exp(_rows(x)).sum(axis=1, keepdims=True)),
        lambda x: PAIRS - np.logaddexp(x, -x)[:, None],
    ),
    "log(exp(x) + exp(-x))": (lambda x: T.log(T.exp(x) + T.exp(-x)), lambda x: np.logaddexp(x, -x)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(FORMULAS))
def test_formula_is_right_far_out_and_near_zero(name):
    written, true = FORMULAS[name]
    x = T.dvector()
    np.testing.assert_allclose(theano.function([x], written(x))(X), true(X), rtol=1e-12, atol=1e-300)


def test_an_exponential_that_others_read_is_not_computed_twice_for_softmax():
    x = T.dmatrix()
    e = T.exp(x)
    f = theano.function([x], [e / e.sum(axis=1, keepdims=True), e.mean()])
    assert "Softmax" not in [str(node.op) for node in f.maker.fgraph.toposort()]
