"""Native pooling and its gradient against the ops' own references, over drawn windows."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.signal import pool
from theon.schedule.step import PythonCall


def compiled(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


@pytest.mark.parametrize("mode", ["max", "sum", "average_inc_pad", "average_exc_pad"])
@pytest.mark.parametrize("seed", range(12))
def test_drawn_windows(seed, mode):
    rng = np.random.RandomState(seed)
    dtype, tolerance = [("float32", 1e-5), ("float64", 1e-12)][seed % 2]
    ignore = bool(rng.randint(2))
    window = tuple(map(int, rng.randint(1, 5, 2))) if seed else (7, 6)
    stride = window if rng.randint(2) else tuple(map(int, rng.randint(1, 5, 2)))
    pad = tuple(int(rng.randint(w)) for w in window) if ignore else (0, 0)
    ndim = rng.randint(2, 5)
    x = T.TensorType(dtype, [False] * ndim)("x")
    y = pool.pool_2d(x, window, ignore, stride, pad, mode)
    g = T.TensorType(dtype, [False] * ndim)("g")
    outputs = [y, T.grad(None, x, known_grads={y: g})]
    f = compiled([x, g], outputs)
    slow = theano.function([x, g], outputs, mode="FAST_COMPILE")
    shape = theano.function([x], y.shape)
    for size in [(13, 12), (1, 5), (4, 4), (0, 3)]:
        # Few different values, so that many windows have several largest.
        value = rng.randint(0, 6, [*rng.randint(1, 4, ndim - 2), *size]).astype(dtype)
        if rng.randint(2):
            value = np.asarray(value, order="F")
        slope = rng.randn(*shape(value)).astype(dtype)
        for got, want in zip(f(value, slope), slow(value, slope)):
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, tolerance, tolerance)


def test_nan_is_the_largest_of_its_window():
    x = T.fmatrix("x")
    f = compiled([x], pool.pool_2d(x, (2, 2), True))
    value = np.arange(64, dtype="float32").reshape(8, 8)
    value[3, 4] = np.nan
    found = f(value)
    assert np.isnan(found[1, 2]) and np.isnan(found).sum() == 1


def test_what_is_not_native_gives_the_same_answers():
    x, w = T.imatrix("x"), T.lvector("w")
    value = np.arange(36, dtype="int32").reshape(6, 6)
    f = theano.function([x], pool.pool_2d(x, (2, 3), True))
    assert f(value).tolist() == [[8, 11], [20, 23], [32, 35]]
    y = T.dmatrix("y")
    g = theano.function([y, w], pool.pool_2d(y, w, True))
    assert g(value.astype("float64"), [3, 3]).tolist() == [[14, 17], [32, 35]]
    with pytest.raises(NotImplementedError):
        theano.function([y], pool.pool_2d(y, (2, 2), False, (1, 1), (1, 1)))(np.ones((4, 4)))
