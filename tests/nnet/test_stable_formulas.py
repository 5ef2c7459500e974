"""Formulas that users write, far out and near 0, where they overflow or cancel as they stand."""

import numpy as np
import pytest
import scipy.special

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


def _log_of_cosh(x):
    return np.where(abs(x) < 0.1, np.log1p(2 * np.sinh(x.clip(-1, 1) / 2) ** 2), np.logaddexp(x, -x) - np.log(2))


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
    "tanh by exponentials": (lambda x: (T.exp(x) - T.exp(-x)) / (T.exp(x) + T.exp(-x)), np.tanh),
    "tanh by one exponential": (lambda x: (T.exp(2 * x) - 1) / (T.exp(2 * x) + 1), np.tanh),
    "tanh by sigmoid": (lambda x: 2 * T.nnet.sigmoid(2 * x) - 1, np.tanh),
    "softplus(x) - x": (lambda x: T.nnet.softplus(x) - x, lambda x: _softplus(-x)),
    "log of a normal density": (
        lambda x: T.log(T.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)), lambda x: -0.5 * x**2 - 0.5 * np.log(2 * np.pi)
    ),
    "log of a normal distribution function": (
        lambda x: T.log(0.5 * (1 + T.erf(x / np.sqrt(2)))), lambda x: scipy.special.log_ndtr(x)
    ),
    "log of the odds": (lambda x: T.log(T.nnet.sigmoid(x) / (1 - T.nnet.sigmoid(x))), lambda x: x),
    "log(1 - tanh(x)**2)": (lambda x: T.log(1 - T.tanh(x) ** 2), lambda x: -2 * _log_of_cosh(x)),
    "log of a mixture": (
        lambda x: T.log(0.3 * T.exp(x) + 0.7 * T.exp(-x)), lambda x: np.logaddexp(x + np.log(0.3), np.log(0.7) - x)
    ),
    "log(mean(exp))": (
        lambda x: T.log(T.mean(T.exp(_rows(x)), axis=1)), lambda x: np.logaddexp(x, -x) - np.log(2)
    ),
    "log of a product of probabilities": (
        lambda x: T.log(T.prod(T.nnet.sigmoid(_rows(x)) ** 0.5, axis=1)), lambda x: -0.5 * (_softplus(x) + _softplus(-x))
    ),
    "log(exp(x) - 1) of softplus": (lambda x: T.log(T.exp(T.nnet.softplus(x)) - 1), lambda x: x),
    "complementary log-log": (
        lambda x: T.log(1 - T.exp(-T.exp(x))), lambda x: np.where(x < -30, x, np.log(-np.expm1(-np.exp(x.clip(-30, 9)))))
    ),
    "sqrt(x**2)": (lambda x: T.sqrt((x * 1e180) ** 2), lambda x: abs(x * 1e180)),
    "log(x + sqrt(x**2 + 1))": (lambda x: T.log(x + T.sqrt(x**2 + 1)), np.arcsinh),
    "log((1 + y) / (1 - y))": (
        lambda x: T.log((1 + T.tanh(x / 100)) / (1 - T.tanh(x / 100))), lambda x: 2 * np.arctanh(np.tanh(x / 100))
    ),
    "1 - cos(x)": (lambda x: 1 - T.cos(x), lambda x: 2 * np.sin(x / 2) ** 2),
    "density of the logistic distribution": (
        lambda x: T.exp(-x) / (1 + T.exp(-x)) ** 2, lambda x: _sigmoid(x) * _sigmoid(-x)
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


@pytest.mark.parametrize("link", [lambda s: 1 / (1 + T.exp(-s)), T.nnet.sigmoid], ids=["written out", "sigmoid"])
@pytest.mark.parametrize("loss", ["written out", "binary_crossentropy"])
def test_gradient_of_logistic_regression_is_finite_far_out(link, loss):
    x, y = T.dmatrix(), T.dvector()
    w, b = theano.shared(np.array([1000.0, 0.0])), theano.shared(0.0)
    p = link(T.dot(x, w) + b)
    cost = -y * T.log(p) - (1 - y) * T.log(1 - p) if loss == "written out" else T.nnet.binary_crossentropy(p, y)
    f = theano.function([x, y], T.grad(cost.mean(), [w, b]))
    slope, offset = f([[1, 1], [-1, 1], [1, 1], [-1, 1], [0, 1]], [1, 1, 0, 0, 1])
    np.testing.assert_allclose(slope, [0.4, -0.1], rtol=1e-12)
    np.testing.assert_allclose(offset, -0.1, rtol=1e-12)


def test_gradient_of_log_of_sum_of_exponentials_is_softmax():
    x = T.dmatrix()
    f = theano.function([x], T.grad(T.log(T.exp(x).sum(axis=1)).sum(), x))
    np.testing.assert_allclose(
        f([[1000.0, 1000.0], [-1000.0, -1001.0]]), [[0.5, 0.5], [1 / (1 + np.exp(-1)), 1 / (1 + np.e)]]
    )


def test_formulas_of_complex_numbers_are_computed_as_written():
    x = T.zvector()
    value = np.array([1 + 5j, -2 + 0.5j, 3 - 4j])
    for formula, true in {
        "log(exp(x))": (T.log(T.exp(x)), np.log(np.exp(value))),
        "1 / (1 + exp(x))": (1 / (1 + T.exp(x)), 1 / (1 + np.exp(value))),
        "log(1 - exp(x))": (T.log(1 - T.exp(x)), np.log(1 - np.exp(value))),
        "log(sum(exp(x)))": (T.log(T.exp(x).sum()), np.log(np.exp(value).sum())),
    }.values():
        np.testing.assert_allclose(theano.function([x], formula)(value), true, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
def test_formulas_of_integers_do_not_wrap(dtype):
    x = T.TensorType(dtype, (False,))()
    value = np.array([0, 3, 100] if dtype == "uint8" else [-128, -3, 0, 100], dtype)
    v = value.astype("float64")
    for name, formula, true in [
        ("log(sigmoid)", T.log(T.nnet.sigmoid(x)), -_softplus(-v)),
        ("log(1 - sigmoid)", T.log(1 - T.nnet.sigmoid(x)), -_softplus(v)),
        ("1 - sigmoid", 1 - T.nnet.sigmoid(x), _sigmoid(-v)),
        ("2 sigmoid - 1", 2 * T.nnet.sigmoid(x) - 1, np.tanh(v / 2)),
        ("1 / (1 + exp)", 1 / (1 + T.exp(x)), _sigmoid(-v)),
        ("1 - cos", 1 - T.cos(x), 1 - np.cos(v)),
        ("1 + erf", 1 + T.erf(x), scipy.special.erfc(-v)),
        ("log(cosh)", T.log(T.cosh(x)), np.logaddexp(v, -v) - np.log(2)),
        ("exp / (exp + exp)", T.exp(x) / (T.exp(x) + T.exp(x * 0)), _sigmoid(v)),
    ]:
        found = theano.function([x], formula)(value)
        rtol = 1e-5 if found.dtype == "float32" else 5e-3 if found.dtype == "float16" else 1e-12
        if np.isfinite(found).all():  # exp(100) has no float16 or float32
            np.testing.assert_allclose(found, true, rtol=rtol, atol=1e-6 if rtol > 1e-10 else 1e-14, err_msg=name)


def test_negatives_of_small_integers_wrap_before_they_are_widened():
    x, y = T.bvector(), T.TensorType("uint8", (False,))()
    f = theano.function([x, y], [-y * -T.cast(x, "int16"), abs(-y), -x / -y])
    a, b = np.array([1, -128], "int8"), np.array([3, 5], "uint8")
    product, size, ratio = f(a, b)
    np.testing.assert_array_equal(product, (-b).astype("int16") * -a.astype("int16"))
    np.testing.assert_array_equal(size, -b)
    np.testing.assert_allclose(ratio, (-a).astype(float) / (-b).astype(float), rtol=1e-6)
