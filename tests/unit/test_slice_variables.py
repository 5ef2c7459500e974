"""Slices as inputs of functions, used as an index."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import slinalg
from theano.tensor.type_other import make_slice, slicetype
from theon.schedule.step import PythonCall

SLICES = [
    slice(None), slice(1, 4), slice(-3, None), slice(None, None, -1), slice(4, None, -2), slice(None, 1, -1), slice(9, -99, -3),
    slice(2, 2), slice(-1, -9, -1), slice(0, 100, 3), slice(10**30, -(10**30), -(10**20)), slice(np.int8(1), None, np.int64(2)),
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
    assert not [step for h in (f, g) for step in h._native.program.steps if isinstance(step, PythonCall)]
    gradient, other = np.zeros_like(value), value.copy()
    gradient[:, part], other[part] = 2 * value[:, part], 0
    for found, right in zip(g(value, part), (gradient, other)):
        np.testing.assert_array_equal(found, right)


def test_slices_that_have_no_step_or_are_results_too():
    x, s = T.dvector("x"), slicetype("s")
    f, value = theano.function([x, theano.In(s, value=slice(1, 3))], x[s] * 2), np.arange(6.0)
    np.testing.assert_array_equal(f(value), [2, 4])
    np.testing.assert_array_equal(f(value, s=slice(None, None, -2)), [10, 6, 2])
    with pytest.raises(ValueError, match="zero"):
        theano.function([x, s], x[s])(value, slice(None, None, 0))
    with pytest.raises(TypeError, match="slice"):
        theano.function([x, s], x[s])(value, np.arange(6))
    assert theano.function([x, s], [x[s].sum(), s])(value, slice(2))[1] == slice(2)
    outputs, _ = theano.scan(lambda row: row[s].sum(), [T.outer(x, x)], non_sequences=[])
    np.testing.assert_allclose(theano.function([x, s], outputs)(value, slice(4, 1, -1)), value * 9)


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
