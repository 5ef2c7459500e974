"""topk, argtopk and their gradient."""

import numpy as np
import pytest

import theano
import theano.tensor as T


def test_largest_and_smallest_with_places_and_gradient():
    x, k = T.dmatrix("x"), T.lscalar("k")
    value = np.random.RandomState(0).permutation(20).reshape(4, 5) / 3.0
    f = theano.function([x, k], T.topk_and_argtopk(x, k))
    for n in (1, 3, 5):
        values, places = f(value, n)
        np.testing.assert_array_equal(values, -np.sort(-value, axis=1)[:, :n])
        np.testing.assert_array_equal(np.take_along_axis(value, places, 1), values)
        np.testing.assert_array_equal(f(value, -n)[0], np.sort(value, axis=1)[:, :n])
    np.testing.assert_array_equal(theano.function([x], T.topk(x, 2, axis=0))(value), -np.sort(-value, axis=0)[:2])
    np.testing.assert_array_equal(theano.function([x], T.topk(x, 3, axis=None))(value), -np.sort(-value, axis=None)[:3])
    assert theano.function([x], T.argtopk(x, 2, idx_dtype="int32"))(value).dtype == "int32"
    T.verify_grad(lambda v: T.topk(v, 2) ** 2, [value], rng=np.random.RandomState(1))
    for bad in (0, 6, -6):
        with pytest.raises(ValueError, match="kth"):
            f(value, bad)
    with pytest.raises(TypeError):
        T.topk(x, 2, idx_dtype="float32")
    with pytest.raises(IndexError):
        T.topk(x, 2, axis=2)
