"""Running sums and products, parts of arrays, products of integers and filled diagonals in native code."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import PythonCall

rng = np.random.default_rng(5)


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "int64", "uint16", "complex64", "float16"])
def test_running_sums_of_any_dtype(dtype):
    x = T.TensorType(dtype, (False,) * 3)()
    f = native([x], [T.cumsum(x, axis) for axis in (None, 0, 1, -1)])
    for shape in ((3, 4, 5), (1, 7, 1), (2, 0, 3), (0, 2, 2)):
        value = (rng.normal(size=shape) * 9).astype(dtype)
        for found, axis in zip(f(value), (None, 0, 1, -1)):
            wanted = np.cumsum(value, axis, dtype="float32" if dtype == "float16" else dtype).astype(dtype)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            np.testing.assert_allclose(found, wanted, rtol=1e-2 if dtype == "float16" else 1e-5, atol=1e-5)


def test_running_products_of_a_formula_and_their_gradient():
    x = T.dmatrix("x")
    f = native([x], [T.cumprod(x * 2, 0), T.cumprod(x[:, ::-1], 1), T.grad(T.cumprod(x, 1).sum(), x)])
    value = rng.normal(size=(4, 3))
    for found, wanted in zip(f(value), (np.cumprod(value * 2, 0), np.cumprod(value[:, ::-1], 1))):
        np.testing.assert_allclose(found, wanted)
    theano.gradient.verify_grad(lambda y: T.cumprod(y, 1), [value], rng=np.random.RandomState(0))


def test_parts_are_views_whose_sizes_are_checked():
    x, sizes = T.dmatrix("x"), T.lvector("sizes")
    a, b, c = T.split(x, [1, 0, 2], 3, 0)
    value = rng.normal(size=(3, 4))
    for found, wanted in zip(native([x], [a * 2, b, c.sum(0)])(value), (value[:1] * 2, value[1:1], value[1:].sum(0))):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(ValueError, match="sum"):
        theano.function([x], [a, b, c])(np.ones((4, 2)))
    two = theano.function([x, sizes], T.split(x, sizes, 2, 1))
    np.testing.assert_array_equal(two(value, [1, 3])[1], value[:, 1:])
    with pytest.raises(ValueError, match="negative"):
        two(value, [-1, 5])


@pytest.mark.parametrize(
    "dtypes", [("int64", "int64"), ("int8", "int32"), ("bool", "bool"), ("float32", "float64"), ("int64", "float32")]
)
def test_products_of_integers_and_of_mixed_dtypes(dtypes):
    m, v = (T.TensorType(d, (False, False))() for d in dtypes), T.TensorType(dtypes[1], (False,))()
    x, y = m
    f = native([x, y, v], [T.dot(x, y), T.dot(x, v), T.dot(y.T, y), T.dot(v, v)])
    a, b, c = (
        (rng.normal(size=s) * 5).astype(d) for s, d in (((3, 4), dtypes[0]), ((4, 5), dtypes[1]), ((4,), dtypes[1]))
    )
    for found, wanted in zip(f(a, b, c), (a.dot(b), a.dot(c), b.T.dot(b), c.dot(c))):
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_diagonals_are_filled():
    x, y, v = T.dmatrix("x"), T.dtensor3("y"), T.dscalar("v")
    f = native([x, y, v], [T.fill_diagonal(x, v), T.fill_diagonal(y, v), T.grad(T.fill_diagonal(x, v).sum(), v)])
    for shape in ((3, 3), (5, 2), (2, 5), (0, 3)):
        a, b = rng.normal(size=shape), rng.normal(size=(3, 3, 3))
        want_a, want_b = a.copy(), b.copy()
        n = min(shape)
        want_a[np.arange(n), np.arange(n)] = 7
        np.fill_diagonal(want_b, 7)
        found = f(a, b, 7)
        np.testing.assert_array_equal(found[0], want_a)
        np.testing.assert_array_equal(found[1], want_b)
        assert found[2] == n
    with pytest.raises(ValueError):
        f(np.ones((2, 2)), np.ones((2, 3, 2)), 1)
