"""Arguments under another shape, and parts of arrays, are views in native code; a caller gives a contiguous copy of one that is not contiguous."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import KernelStep, PythonCall


def native(inputs, outputs, **kwargs):
    f = theano.function(inputs, outputs, **kwargs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


WHOLE = np.arange(24.0).reshape(4, 6)


@pytest.mark.parametrize(
    "given", [WHOLE, np.asfortranarray(WHOLE), WHOLE.repeat(2, 1)[:, ::2], WHOLE[::-1], WHOLE[:, :0]], ids=str
)
def test_reshape_of_an_argument_is_native_in_every_layout(given):
    x = T.dmatrix("x")
    f = native([x], [x.flatten(), x.reshape((-1, 2)), x[1:].flatten(), x.T.flatten(), x.sum(0), x.T])
    wanted = [
        given.flatten(),
        given.reshape(given.size // 2, 2),
        given[1:].flatten(),
        given.T.flatten(),
        given.sum(0),
        given.T,
    ]
    for found, right in zip(f(given), wanted):
        np.testing.assert_array_equal(found, right)


def test_reshape_to_a_shape_that_only_the_call_knows():
    x, shape = T.dmatrix("x"), T.ivector("shape")
    f = native([x, shape], x.reshape(shape, ndim=3))
    for wanted in ([2, 3, 4], [4, -1, 2], [1, 24, 1]):
        np.testing.assert_array_equal(f(WHOLE, wanted), WHOLE.reshape(wanted))
    for wrong in ([2, 3], [5, 5, 1], [-1, -1, 2]):
        with pytest.raises(ValueError):
            f(WHOLE, wrong)


def test_a_shared_array_in_another_order_stays_the_users_own():
    own = np.asfortranarray(WHOLE)
    s = theano.shared(own, borrow=True)
    f = theano.function([], s.flatten() * 2, updates=[(s, s + 1)])
    np.testing.assert_array_equal(f(), WHOLE.flatten() * 2)
    np.testing.assert_array_equal(s.get_value(), WHOLE + 1)
    s.set_value(WHOLE)
    np.testing.assert_array_equal(f(), WHOLE.flatten() * 2)


def layouts(x):
    """The same values in C and in Fortran order, with gaps, backwards."""
    wide = np.zeros((2 * x.shape[0], 3 * x.shape[1]), x.dtype)
    wide[::2, ::3] = x
    return x, np.asfortranarray(x), wide[::2, ::3], np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]


VALUE = np.arange(24, dtype="float32").reshape(4, 6)


def test_minibatches_of_shared_images_take_no_python_step():
    data, i, x = theano.shared(np.random.RandomState(0).rand(12, 16).astype("float32")), T.lscalar(), T.fmatrix()
    f = native([i], T.tanh(x.reshape((3, 1, 4, 4))), givens={x: data[i * 3 : (i + 1) * 3]})
    assert sum(isinstance(s, KernelStep) for s in f._native.program.steps) == 1
    np.testing.assert_allclose(f(2), np.tanh(data.get_value()[6:9].reshape(3, 1, 4, 4)), 1e-6)


@theano.as_op(itypes=[T.fmatrix], otypes=[T.fmatrix])
def turned(x):
    return x.T


def test_what_a_users_op_makes_can_be_reshaped_and_divided():
    x = T.fmatrix()
    made = turned(x)
    f = theano.function([x], [made.flatten(), *T.split(made, [2, 4], 2)])
    assert [type(s.node.op).__name__ for s in f._native.program.steps if isinstance(s, PythonCall)] == [
        "FromFunctionOp"
    ]
    for value in layouts(VALUE):
        for found, wanted in zip(f(value), (value.T.ravel(), value.T[:2], value.T[2:])):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("axis", [0, 1])
def test_parts_are_views_of_given_lengths(axis):
    x, n = T.fmatrix(), T.lvector()
    a, b = T.split(x, [1, VALUE.shape[axis] - 1], 2, axis=axis)
    f = native([x], [a, b * 2, a.sum() + b.sum()])
    for value in layouts(VALUE):
        parts = np.split(VALUE, [1], axis)
        for found, wanted in zip(f(value), (parts[0], parts[1] * 2, VALUE.sum())):
            np.testing.assert_array_equal(found, wanted)
    g = native([x, n], T.split(x, n, 2, axis=axis))
    np.testing.assert_array_equal(g(VALUE, [1, VALUE.shape[axis] - 1])[1], np.split(VALUE, [1], axis)[1])


@pytest.mark.parametrize("lengths", [(1, 2), (5, -1), (3, 3)])
def test_lengths_that_do_not_add_up_are_refused(lengths):
    x = T.fmatrix("x")
    f = theano.function([x], T.split(x, lengths, 2, axis=0))
    with pytest.raises(ValueError):
        f(VALUE)
