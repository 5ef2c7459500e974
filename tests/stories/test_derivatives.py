"""Jacobians and Hessians of vectors whose length is only known at run time, and derivatives of loops of every sort."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.scan_module import until

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


def test_gradient_by_a_shared_variable_that_steps_change():
    x, w, s = T.dvector("x"), T.dscalar("w"), theano.shared(2.0)
    rows, updates = theano.scan(lambda a: (a * s, {s: s * w}), x)
    f = theano.function([x, w], T.grad(rows.sum() + updates[s], [x, w, s]))  # of x0 s + x1 s w + x2 s w^2 + s w^3
    for got, want in zip(f([1.0, 2.0, 3.0], 0.5), ([2.0, 1.0, 0.5], 11.5, 2.875), strict=True):
        np.testing.assert_allclose(got, want)


def test_fourth_derivative_through_a_loop_that_stops():
    w = T.dscalar("w")
    rows, _ = theano.scan(lambda h: (h * w, until(h * w > 50)), outputs_info=w, n_steps=30)
    found = [rows[-1]]
    for _ in range(4):
        found.append(T.grad(found[-1], w))
    found.append(T.Rop(rows[-1], w, T.ones_like(w)))
    np.testing.assert_allclose(theano.function([w], found)(2.0), [64, 192, 480, 960, 1440, 192])  # of w^6


@pytest.mark.parametrize("taps", [[-1], [-3, -1]])
def test_directional_derivatives_and_gradients_of_loops_are_transposes(taps):
    x, w, v, u = T.dmatrices("x", "w", "v", "u")
    start = T.ones((3,)) if taps == [-1] else dict(initial=T.ones((3, 3)), taps=taps)
    rows, _ = theano.scan(lambda a, *hs: T.tanh(T.dot(sum(hs), w) + a), x, start)
    slope = T.grad(T.sqr(rows).sum(), w)
    forward, back, curved = T.Rop(rows, w, v), T.Lop(rows, w, u), T.Rop(slope, w, v)
    rng = np.random.RandomState(0)
    given = [rng.randn(*s) * 0.5 for s in ((4, 3), (3, 3), (3, 3), (4, 3))]
    f = theano.function([x, w, v, u], [forward, back, curved, T.grad((slope * v).sum(), w)])
    a, b, c, d = f(*given)
    np.testing.assert_allclose((a * given[3]).sum(), (b * given[2]).sum())
    np.testing.assert_allclose(c, d)


def test_integers_in_loops_have_gradient_zero_and_what_is_not_read_none():
    i, w, z = T.ivector("i"), T.dscalar("w"), T.dscalar("z")
    rows, _ = theano.scan(lambda a, h: h * a, i, w)
    by_w, by_i = theano.function([i, w], T.grad(rows.sum(), [w, i]))([2, 3], 0.5)
    assert by_w == 8 and by_i.tolist() == [0, 0]
    rows, _ = theano.scan(lambda a, h: a * w, i, z)
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(rows.sum(), z)


def test_clone_replaces_what_loops_read():
    x, w = T.dvector("x"), T.dscalar("w")
    rows, _ = theano.scan(lambda a, h: a * w + h, x, T.zeros(()))
    copies = [theano.clone(rows, replace={w: w * 3, x: x[::-1]}, share_inputs=True), theano.clone(rows, {w: w + 1})]
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        a, b = theano.function([x, w], copies, mode=mode)([1.0, 2.0], 1.0)
        assert a.tolist() == [6, 9] and b.tolist() == [2, 6]


def test_second_derivatives_of_a_linear_cost_are_zeros():
    x, v = T.arange(20.0).reshape([1, 20]), theano.shared(np.ones(20))
    cost = T.dot(x, v).sum()
    moved = theano.gradient.Rop(T.grad(cost, v), v, v)
    assert moved.eval().tolist() == [0.0] * 20
    other = theano.shared(np.ones(20))
    with pytest.raises(ValueError, match="does not depend"):
        theano.gradient.Rop(T.grad(cost, v), other, other)
