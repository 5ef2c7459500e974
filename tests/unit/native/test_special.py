"""Special functions in native code: which run there, and their values where methods change or others lose digits."""

import mpmath
import numpy as np
import pytest
from mpmath import mp

import theano
import theano.tensor as T
from theon.ops.declare import REGISTRY
from theon.schedule.step import PythonCall

ONE = ["gamma", "gammaln", "psi", "tri_gamma", "erf", "erfc", "erfcx", "erfinv", "erfcinv", "j0", "j1", "i0", "i1"]
TWO = [
    "gammainc", "gammaincc", "gammal", "gammau", "gammainc_by_a", "chi2sf", "polygamma", "jv", "iv"
]  # fmt: skip


def compiled(name, dtype="float64"):
    inputs = [T.TensorType(dtype, [False])() for _ in range(1 if name in ONE else 2)]
    return theano.function(inputs, REGISTRY[name](*inputs))


@pytest.mark.parametrize("name", ONE + TWO)
def test_no_special_function_is_a_python_step(name):
    for dtype in ("float64", "float32"):
        f = compiled(name, dtype)
        assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)


def ulps(found, exact):
    step = np.spacing(max(abs(float(exact)), np.finfo("float64").tiny))
    return float(abs(mp.mpf(float(found)) - exact) / step)


PLACES = [
    (1e-12, 0.3), (0.01, 1.0999), (0.01, 1.1001), (0.5, 1e-300), (9.999999, 12.0), (10.0, 12.0), (50.0, 49.999), (50.0, 50.001),
    (199.9, 210.0), (200.0, 210.0), (200.0, 259.9), (200.0, 260.1), (1e4, 1e4), (1e4, 9.7e3), (1e4, 1.03e4),
    (170.0, 5.0), (1e6, 1e6 + 3e3), (1e6, 1e6 - 3e3),
]  # fmt: skip


def test_incomplete_gamma_where_its_methods_meet():
    with mp.workdps(60):
        a, x = np.array(PLACES).T
        lower, upper = compiled("gammainc")(a, x), compiled("gammaincc")(a, x)
        for i, (order, place) in enumerate(PLACES):
            total = mp.gamma(order)
            if order < 1000:
                above = mp.gammainc(order, place, mp.inf) / total
            else:  # mpmath's own series are long there
                log = lambda t: (order - 1) * mp.log(t) - t - mp.loggamma(order)  # noqa: E731
                far = place + 40 * mp.sqrt(order)
                above = mp.quad(lambda t: mp.exp(log(t)), mp.linspace(place, far, 12))
            assert ulps(upper[i], above) < 16, (order, place)
            if 1 - above > 1e-12:
                assert ulps(lower[i], 1 - above) < 16, (order, place)


def test_incomplete_gamma_at_its_borders():
    inf, nan = np.inf, np.nan
    a, x = np.array([[0, 1], [0, 0], [2, 0], [2, inf], [inf, 2], [inf, inf], [-1, 1], [1, -1], [nan, 1], [1, nan]]).T
    np.testing.assert_array_equal(compiled("gammainc")(a, x), [1, nan, 0, 1, 0, nan, nan, nan, nan, nan])
    np.testing.assert_array_equal(compiled("gammaincc")(a, x), [0, nan, 1, 0, 1, nan, nan, nan, nan, nan])


def test_unregularised_gamma_where_gamma_itself_overflows():
    """The integral over a small range is finite where that over all is not."""
    found = compiled("gammal")(np.array([180.0, 400.0]), np.array([20.0, 20.0]))
    with mp.workdps(40):
        for value, a in zip(found, (180, 400)):
            assert ulps(value, mp.gammainc(a, 0, 20)) < 16 if a == 180 else value == np.inf
    assert compiled("gammau")(np.array([400.0]), np.array([20.0])) == np.inf


def test_whole_gamma_of_small_integers_is_exact():
    n = np.arange(1.0, 19.0)
    factorials = [float(mpmath.factorial(int(k) - 1)) for k in n]
    assert compiled("gamma")(n).tolist() == factorials
    assert compiled("gammau")(n, np.zeros(18)).tolist() == factorials


def test_derivative_of_the_incomplete_gamma_keeps_its_digits_far_out():
    f = compiled("gammainc_by_a")
    with mp.workdps(120):
        for a, x in ((1.0, 30.0), (2.5, 170.0), (50.0, 60.0), (0.001, 0.5), (20.0, 65.0)):
            exact = mp.diff(lambda t, x=x: mp.gammainc(t, 0, x, regularized=True), mp.mpf(a))
            assert abs(f(np.array([a]), np.array([x]))[0] / exact - 1) < 1e-11


def test_bessel_function_where_its_methods_meet():
    f = compiled("jv")
    places = [(0.0788410351, 19.9403741), (0.0, 24.9), (0.0, 25.1), (9.9, 24.9), (9.9, 25.1), (40.5, 30.0), (1e5, 3.0),
              (3.0, 1e17), (-3.0, 2.0), (3.0, -2.0), (-4.0, -30.0)]  # fmt: skip
    v, x = np.array(places).T
    with mp.workdps(40):
        for value, order, place in zip(f(v, x), v, x):
            assert abs(value - mp.besselj(order, place)) < 16 * 2.0**-53, (order, place)


def test_trigamma_is_polygamma_of_one():
    x = np.array([0.3, 1.0, 7.5, 1e9, -0.5, -3.0, 0.0, np.inf, np.nan])
    found = compiled("tri_gamma")(x)
    np.testing.assert_array_equal(found, compiled("polygamma")(np.ones(9), x))
    with mp.workdps(30):
        for value, place in zip(found[:5], x):
            assert ulps(value, mp.polygamma(1, place)) < 8
    assert found[5] == found[6] == np.inf
    assert found[7] == 0
    assert np.isnan(found[8])
