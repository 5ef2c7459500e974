"""Conditions that programs assert are checked in native code, and nothing changes where one does not hold."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import PythonCall


def test_an_assertion_is_native_and_undoes_nothing():
    x, s = T.dvector("x"), theano.shared(np.zeros(2))
    checked = theano.tensor.opt.Assert("only positive numbers")(x * 2, T.all(x > 0), T.lt(x.shape[0], 4))
    f = theano.function([x], checked.sum(), updates=[(s, s + 1)])
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    assert f([1.0, 2.0]) == 6
    for bad in ([-1.0, 2.0], [1.0] * 5):
        with pytest.raises(AssertionError, match="only positive numbers"):
            f(bad)
    np.testing.assert_array_equal(s.get_value(), [1, 1])


def test_a_product_with_zeros_still_compares_its_sizes():
    a, b, v = T.dmatrix("a"), T.dmatrix("b"), T.dvector("v")
    f = theano.function([a, b, v], [T.dot(T.zeros_like(a), b), T.dot(a, T.zeros_like(v))])
    assert not any(isinstance(node.op, T.Dot) for node in f.maker.fgraph.toposort())
    assert f(np.ones((2, 3)), np.ones((3, 4)), np.ones(3))[0].shape == (2, 4)
    for wrong in ((np.ones((2, 3)), np.ones((2, 4)), np.ones(3)), (np.ones((2, 3)), np.ones((3, 4)), np.ones(2))):
        with pytest.raises(AssertionError, match="inner sizes"):
            f(*wrong)
