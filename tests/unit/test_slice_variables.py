"""Slices as inputs of functions, used as an index."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import slinalg
from theano.tensor.type_other import make_slice, slicetype

SLICES = [
    slice(None), slice(1, 4), slice(-3, None), slice(None, None, -1), slice(4, None, -2), slice(None, 1, -1), slice(9, -99, -3),
    slice(2, 2), slice(-1, -9, -1), slice(0, 100, 3),
]  # fmt: skip


@pytest.mark.parametrize("part", SLICES, ids=str)
def test_a_slice_given_to_the_call_selects_as_in_numpy(part):
    x, s = T.dtensor3("x"), slicetype("s")
    value = np.arange(5 * 6 * 4.0).reshape(5, 6, 4)
    f = theano.function([x, s], [x[s], x[:, s, 1], x[..., s, None], x[1, s, ::-1], x[s].sum()])
    wanted = [value[part], value[:, part, 1], value[..., part, None], value[1, part, ::-1], value[part].sum()]
    for found, right in zip(f(value, part), wanted, strict=True):
        np.testing.assert_array_equal(found, right)
    g = theano.function([x, s], [T.grad((x[:, s] ** 2).sum(), x), T.set_subtensor(x[s], 0)])
    gradient, other = np.zeros_like(value), value.copy()
    gradient[:, part], other[part] = 2 * value[:, part], 0
    for found, right in zip(g(value, part), (gradient, other)):
        np.testing.assert_array_equal(found, right)


def test_a_slice_that_the_graph_makes_is_an_index():
    x, i = T.dvector("x"), T.lscalar("i")
    np.testing.assert_array_equal(theano.function([x, i], x[make_slice(i, None, 2)])(np.arange(6.0), 1), [1, 3, 5])


def test_the_gradient_of_a_factor_that_is_nan_is_nan():
    x = T.dmatrix("x")
    f = theano.function([x], T.grad(slinalg.Cholesky(on_error="nan")(x).sum(), x))
    assert np.isnan(f(-np.eye(3))).all()
    plain = theano.function([x], T.grad(slinalg.cholesky(x).sum(), x))
    value = np.array([[4.0, 1], [1, 3]])
    np.testing.assert_allclose(f(value), plain(value))
