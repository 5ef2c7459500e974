"""The vectorised functions against high precision: worst errors in ulps, special values."""

import math

import mpmath
import numpy as np
import pytest

import theano
import theano.tensor as T

mpmath.mp.prec = 120
WORST = {
    # name: ulps allowed in float32 and float64 (measured: see the numbers in the test's message)
    "exp": (1.1, 1.1), "exp2": (1.6, 1.6), "expm1": (2.0, 2.0), "log": (1.1, 1.1), "log1p": (2.0, 2.0),
    "tanh": (3.0, 3.0), "sigmoid": (2.6, 2.6), "softplus": (2.5, 2.5),
}  # fmt: skip
EXACT = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.power(2, x),
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
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
    if name == "log":
        signed = np.concatenate([10.0 ** rng.uniform(-37, 37, 600), 1 + rng.uniform(-0.3, 0.4, 600)])
    if name == "log1p":
        signed = np.concatenate([signed[signed > -1], rng.uniform(-1, 1, 300), 10.0 ** rng.uniform(0, 30, 300)])
    return np.concatenate([signed, -signed if name not in ("log", "log1p") else []]).astype(dtype)


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
        else:
            expected = getattr(np, name)(x.astype("float64") if dtype == "float32" else x)
        expected = expected.astype(dtype)
    got = compiled(name, dtype)(x)
    np.testing.assert_allclose(got, expected, rtol=1e-6 if dtype == "float32" else 1e-14)
    np.testing.assert_array_equal(np.signbit(got[:2]), np.signbit(expected[:2]))
