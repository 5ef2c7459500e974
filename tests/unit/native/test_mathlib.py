"""The vectorised functions against high precision: worst errors in ulps, special values."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special

import theano
import theano.tensor as T

mpmath.mp.prec = 120
WORST = {
    # name: ulps allowed in float32 and float64 (measured: see the numbers in the test's message)
    "exp": (1.1, 1.1), "exp2": (1.6, 1.6), "expm1": (2.0, 2.0), "log": (1.1, 1.1), "log1p": (2.0, 2.0),
    "tanh": (3.0, 3.0), "sigmoid": (2.6, 2.6), "softplus": (2.5, 2.5),
    "sin": (0.8, 0.8), "cos": (0.8, 0.8), "tan": (2.2, 2.2), "arctan": (1.2, 1.2), "erf": (1.0, 1.0),
    "log2": (0.7, 0.7), "log10": (0.7, 0.7),
}  # fmt: skip
EXACT = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.power(2, x),
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "arctan": mpmath.atan,
    "erf": mpmath.erf,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)) if x < 200 else x + mpmath.exp(-x),
}


def compiled(name, dtype):
    x = T.vector("x", dtype=dtype)
    return theano.function([x], (getattr(T, name, None) or getattr(T.nnet, name))(x))


def points(name, dtype):
    rng = np.random.RandomState(5)
    wide = 80 if dtype == "float32" else 700
    signed = np.concatenate(
        [rng.uniform(-1, 1, 300), rng.uniform(-wide, wide, 300), rng.randn(300), 10.0 ** rng.uniform(-30, 1, 300)]
    )
    if name in ("sin", "cos", "tan"):
        signed = np.concatenate(
            [signed, np.arange(1, 300) * math.pi / 2, 10.0 ** rng.uniform(2, 30, 300), rng.uniform(-9e4, 9e4, 300)]
        )
    if name.startswith("log") and name != "log1p":
        signed = np.concatenate([10.0 ** rng.uniform(-37, 37, 600), 1 + rng.uniform(-0.3, 0.4, 600)])
    if name == "log1p":
        signed = np.concatenate([signed[signed > -1], rng.uniform(-1, 1, 300), 10.0 ** rng.uniform(0, 30, 300)])
    return np.concatenate([signed, -signed if not name.startswith("log") else []]).astype(dtype)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_error_in_ulps(name, dtype):
    x = points(name, dtype)
    with np.errstate(all="ignore"):
        got = compiled(name, dtype)(x)
    tiny = float(np.finfo(dtype).tiny)
    largest = mpmath.mpf(float(np.finfo(dtype).max))
    worst, at = 0.0, None
    for value, result in zip(x, got):
        expected = EXACT[name](mpmath.mpf(float(value)))
        if abs(expected) < tiny or abs(expected) > largest:
            continue
        unit = float(np.spacing(np.abs(np.asarray(float(expected), dtype))))
        error = abs(float((mpmath.mpf(float(result)) - expected) / unit))
        if not error <= worst:
            worst, at = error, value
    print(f"{name} {dtype}: {worst:.2f} ulp")
    assert worst <= WORST[name][dtype == "float64"], f"{worst:.2f} ulp at {at!r}"


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(name, dtype):
    info = np.finfo(dtype)
    x = np.array(
        [
            0.0,
            -0.0,
            math.inf,
            -math.inf,
            math.nan,
            1.0,
            -1.0,
            -2.0,
            info.tiny,
            info.tiny / 4,
            info.max,
            -info.max,
            1e-20,
        ]
        * 5
    ).astype(dtype)
    with np.errstate(all="ignore"):
        if name == "sigmoid":
            expected = 1 / (1 + np.exp(-x.astype("float64")))
        elif name == "softplus":
            expected = np.logaddexp(0, x.astype("float64"))
        elif name == "erf":
            expected = scipy.special.erf(x.astype("float64"))
        else:
            expected = getattr(np, name)(x.astype("float64") if dtype == "float32" else x)
        expected = expected.astype(dtype)
    got = compiled(name, dtype)(x)
    np.testing.assert_allclose(got, expected, rtol=1e-6 if dtype == "float32" else 1e-14)
    np.testing.assert_array_equal(np.signbit(got[:2]), np.signbit(expected[:2]))


SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 1e-310, 1e300, 2.5, -2.5,
           1e16, -1e16, 2.0**53 - 1]  # fmt: skip


def pairs(name, dtype):
    """Arguments of a power or a length, of all sizes, and near where powers are hardest."""
    rng = np.random.RandomState(3)
    most = 35 if dtype == "float32" else 300
    if name == "hypot":
        x, y = (np.concatenate([10.0 ** rng.uniform(-most, most, 300), rng.randn(300)]) for _ in range(2))
        return (x * rng.choice([-1, 1], 600)).astype(dtype), y.astype(dtype)
    x = np.concatenate(
        [10.0 ** rng.uniform(-most, most, 500), 1 + rng.uniform(-1e-3, 1e-3, 400), rng.uniform(0, 3, 400)]
    )
    y = np.concatenate([rng.uniform(-2, 2, 500), rng.uniform(-5e4, 5e4, 400), rng.uniform(-30, 30, 400)])
    return x.astype(dtype), y.astype(dtype)


def of_two(name, dtype):
    x, y = T.vector("x", dtype=dtype), T.vector("y", dtype=dtype)
    if name == "pow":
        return theano.function([x, y], x**y)
    z = T.vector("z", dtype="complex64" if dtype == "float32" else "complex128")
    length = theano.function([z], abs(z))
    return lambda x, y: length(np.array([complex(a, b) for a, b in zip(x, y)], z.dtype))


@pytest.mark.parametrize("name", ["pow", "hypot"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_error_of_functions_of_two_numbers(name, dtype):
    x, y = pairs(name, dtype)
    info, worst = np.finfo(dtype), 0.0
    for a, b, got in zip(x, y, of_two(name, dtype)(x, y)):
        u, v = mpmath.mpf(float(a)), mpmath.mpf(float(b))
        exact = mpmath.power(u, v) if name == "pow" else mpmath.sqrt(u * u + v * v)
        if float(info.tiny) < exact < mpmath.mpf(float(info.max)):
            unit = float(np.spacing(np.asarray(float(exact), dtype)))
            worst = max(worst, abs(float((mpmath.mpf(float(got)) - exact) / unit)))
    assert worst <= (0.6 if dtype == "float32" else 1.3), f"{worst:.2f} ulp"


@pytest.mark.parametrize("name", ["pow", "hypot"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_of_functions_of_two_numbers(name, dtype):
    with np.errstate(all="ignore"):
        x, y = (v.ravel() for v in np.meshgrid(*[np.array(SPECIAL).astype(dtype)] * 2))
        expected = np.array([math.hypot(a, b) if name == "hypot" else powered(a, b) for a, b in zip(x, y)]).astype(
            dtype
        )
        got = of_two(name, dtype)(x, y)
    np.testing.assert_allclose(got, expected, rtol=1e-6 if dtype == "float32" else 1e-14)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(expected[known]))


def powered(x, y):
    """C's power, of which Python's raises where the result is infinite or not a number."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        if x == 0:
            return math.copysign(math.inf, x) if y % 2 == 1 else math.inf
        return math.nan
