"""Quotients and remainders of whole numbers, and casts to them, in vectors: exact, and NumPy's for all that has a value."""

import numpy as np
import pytest

import theano
import theano.tensor as T

SMALL = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"]


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


def numbers(dtype):
    rng, info = np.random.RandomState(0), np.iinfo(dtype)
    edges = np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max], dtype)
    return np.concatenate([rng.randint(info.min, info.max, 1001, dtype=dtype), edges])


@pytest.mark.parametrize("dtype", SMALL)
def test_division_by_constants(dtype):
    a, info, x = numbers(dtype), np.iinfo(dtype), T.vector("x", dtype=dtype)
    known = [c for c in (3, 7, 10, 100, 1, 0, 16, -1, -3, -7, -8, info.max, info.min) if info.min <= c <= info.max]
    found = theano.function([x], [v for c in known for v in (x // np.asarray(c, dtype), x % np.asarray(c, dtype))])(a)
    for c, quotient, rest in zip(known, found[::2], found[1::2]):
        wraps = (a == info.min) & (c == -1)
        np.testing.assert_array_equal(quotient[~wraps], (a // np.asarray(c, dtype))[~wraps], err_msg=str(c))
        np.testing.assert_array_equal(rest, a % np.asarray(c, dtype), err_msg=str(c))


@pytest.mark.parametrize("dtype", SMALL)
def test_division_of_vectors(dtype):
    rng, info, a = np.random.RandomState(1), np.iinfo(dtype), numbers(dtype)
    divisors = rng.permutation(numbers(dtype))
    divisors[::3] = rng.randint(max(info.min, -9), 9, divisors[::3].size)
    m = rng.randint(1, info.max // 5, 1000).astype("int64")
    exact = m * (rng.rand(1000) * (info.max // m)).astype("int64")  # whole multiples, where rounding may not lose one
    a, divisors = np.concatenate([a, exact.astype(dtype)]), np.concatenate([divisors, m.astype(dtype)])
    x, y = T.vector("x", dtype=dtype), T.vector("y", dtype=dtype)
    quotient, rest = theano.function([x, y], [x // y, x % y])(a, divisors)
    wraps = (a == info.min) & (divisors.astype("int64") == -1)
    np.testing.assert_array_equal(quotient[~wraps], (a // divisors)[~wraps])
    np.testing.assert_array_equal(rest[~wraps], (a % divisors)[~wraps])


@pytest.mark.parametrize("source", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32"])
def test_casts_of_floats(source, dtype):
    rng = np.random.RandomState(2)
    edges = [0, -0.0, 1e30, -1e30, 2.0**31, -(2.0**31), 2.0**31 - 128, 0.999, -0.999]
    a = np.concatenate([rng.uniform(-300, 300, 1000), rng.uniform(-2e9, 2e9, 300), edges]).astype(source)
    x = T.vector("x", dtype=source)
    found = theano.function([x], T.cast(x, dtype))(a)
    inside = abs(a) < 2.0**31
    np.testing.assert_array_equal(found[inside], a[inside].astype("int64").astype(dtype))
    assert not found[~inside].any() or dtype == "int32" and set(found[~inside]) == {np.iinfo("int32").min}
