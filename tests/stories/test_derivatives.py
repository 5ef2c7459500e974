"""Jacobians and Hessians of vectors whose length is only known at run time."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T

v = T.dvector("v")
X = np.array([0.1, -0.2, 0.05])


def weights():
    return theano.shared(np.arange(12.0).reshape(4, 3), "A")


def test_jacobian_and_its_pickle():
    A = weights()
    f = theano.function([v], T.jacobian(T.tanh(T.dot(A, v)), v))
    t = np.tanh(A.get_value() @ X)
    expected = (1 - t**2)[:, None] * A.get_value()
    np.testing.assert_allclose(f(X), expected)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(f))(X), expected)


def test_jacobian_with_respect_to_several():
    A = weights()
    by_v, by_A = theano.function([v], T.jacobian(T.dot(A, v) ** 2, [v, A]))(X)
    y = A.get_value() @ X
    np.testing.assert_allclose(by_v, 2 * y[:, None] * A.get_value())
    np.testing.assert_allclose(by_A, 2 * y[:, None, None] * np.eye(4)[:, :, None] * X)


def test_hessian():
    f = theano.function([v], T.hessian((v**3).sum() + v[0] * v[1], v))
    expected = np.diag(6 * X)
    expected[0, 1] = expected[1, 0] = 1
    np.testing.assert_allclose(f(X), expected)


def test_gradient_of_a_jacobian():
    A = weights()
    J = T.jacobian(T.tanh(T.dot(A, v)), v)
    f, g = theano.function([v], (J**2).sum()), theano.function([v], T.grad((J**2).sum(), v))
    numeric = [(f(X + 1e-6 * d) - f(X - 1e-6 * d)) / 2e-6 for d in np.eye(3)]
    np.testing.assert_allclose(g(X), numeric, rtol=1e-5)


def test_elements_that_only_lend_their_shape_are_disconnected():
    x, y = T.dvector(), T.dscalar()
    for cost in (T.ones_like(x).sum(), x.zeros_like().sum(), T.fill(x, y).sum()):
        with pytest.raises(theano.gradient.DisconnectedInputError):
            T.grad(cost, x)
        (slope,) = T.grad(cost, [x], disconnected_inputs="ignore")
        np.testing.assert_array_equal(slope.eval({x: [1.0, 2.0]}), [0.0, 0.0])
    assert T.grad(T.fill(x, y).sum(), y).eval({x: [1.0, 2.0, 3.0], y: 5.0}) == 3
    np.testing.assert_array_equal(T.grad((T.fill(x, y) * x).sum(), x).eval({x: [1.0, 2.0], y: 5.0}), [5.0, 5.0])
