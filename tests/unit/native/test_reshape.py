"""Arguments under another shape are views in native code; a caller gives a contiguous copy of one that is not contiguous."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import PythonCall


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
