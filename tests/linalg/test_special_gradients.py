"""Gradients of special functions, also with respect to their orders where mathematics has them."""

import mpmath
import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.ops.special import gammainc_by_a, polygamma

rng = np.random.RandomState(9)
a, x = rng.uniform(0.3, 6, 20), rng.uniform(0.1, 9, 20)


@pytest.mark.parametrize("name", ["gammainc", "gammaincc", "gammal", "gammau"])
def test_incomplete_gammas(name):
    T.verify_grad(getattr(T, name), [a, x], rng=rng)


def test_chi2sf_polygamma_and_others():
    T.verify_grad(T.chi2sf, [x, a], rng=rng)
    T.verify_grad(T.tri_gamma, [x], rng=rng)
    T.verify_grad(T.psi, [x], rng=rng)
    T.verify_grad(lambda v: T.grad(T.tri_gamma(v).sum(), v), [x + 1], rng=rng)
    T.verify_grad(lambda v: polygamma(3, v), [x + 1], rng=rng)
    for name in ("erf", "erfc", "erfcx", "j0", "j1", "i0", "i1", "gammaln"):
        T.verify_grad(getattr(T, name), [x / 3], rng=rng)
    T.verify_grad(T.erfinv, [x / 10], rng=rng)
    T.verify_grad(T.erfcinv, [x / 10], rng=rng)


@pytest.mark.parametrize("name", ["jv", "iv"])
def test_bessel_functions_by_argument_and_not_by_order(name):
    f = getattr(T, name)
    T.verify_grad(lambda z: f(T.constant(2.5), z), [x], rng=rng)
    v = T.dvector()
    with pytest.raises(theano.gradient.NullTypeGradError, match="not implemented"):
        T.grad(f(v, T.constant(1.0)).sum(), v)


@pytest.mark.parametrize(("order", "at"), [(0.5, 1.0), (3.0, 400.0), (50.0, 20.0), (1e-3, 5.0), (20.0, 21.0)])
def test_derivative_by_the_order(order, at):
    want = float(mpmath.diff(lambda t: mpmath.gammainc(t, 0, at, regularized=True), order))
    np.testing.assert_allclose(gammainc_by_a(np.float64(order), np.float64(at)).eval(), want, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("order", "at"), [(1000.0, 1010.0), (499.0, 501.0), (1e5, 1e5), (2.0, 1e300), (1e300, 2.0), (1e9, 1e9)]
)
def test_derivative_by_a_large_order_takes_no_longer(order, at):
    got = gammainc_by_a(np.float64(order), np.float64(at)).eval()
    if order > 1e8 or at > 1e8:
        want = -np.exp(-((at - order) ** 2) / (2 * order)) / np.sqrt(2 * np.pi * order) if order == at else 0
        np.testing.assert_allclose(got, want, rtol=1e-3)
    else:
        with mpmath.workdps(40):
            want = float(mpmath.diff(lambda t: mpmath.gammainc(t, 0, at, regularized=True), order))
        np.testing.assert_allclose(got, want, rtol=1e-8)


def test_derivative_by_the_order_at_the_ends():
    got = gammainc_by_a(T.constant([2.0, 2.0, -1.0, np.nan]), T.constant([0.0, np.inf, 1.0, 1.0])).eval()
    np.testing.assert_array_equal(got, [0, 0, np.nan, np.nan])
