"""Slices whose step is only known when they run, in native code: against NumPy, also at the ends of the integers."""

import itertools

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.ops.slices import get_canonical_form_slice
from theon.schedule.step import PythonCall

STARTS = [-9, -6, -1, 0, 1, 3, 6, 7, 2**62]
STOPS = [-(2**63), -9, -6, -1, 0, 1, 5, 6, 9]
STEPS = [-(2**63), -7, -2, -1, 1, 2, 3, 6, 7, 2**63 - 1]
GIVEN = [(True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize("has_start, has_stop", GIVEN)
def test_values_sizes_and_writes(has_start, has_stop):
    x, start, stop, step = T.dmatrix(), *T.lscalars(3)
    place = slice(start if has_start else None, stop if has_stop else None, step)
    outputs = [x[place], x[place].shape, T.inc_subtensor(x[place], 1.0), x[:, place] * 2, T.grad(x[place].sum(), x)]
    f = theano.function([x, start, stop, step], outputs, on_unused_input="ignore")
    sizes = theano.function([x, start, stop, step], x[place].shape, on_unused_input="ignore")
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    assert not any("Subtensor" in type(node.op).__name__ for node in sizes.maker.fgraph.toposort())
    value = np.arange(30.0).reshape(6, 5)
    for a, b, c in itertools.product(STARTS if has_start else [0], STOPS if has_stop else [0], STEPS):
        where = slice(a if has_start else None, b if has_stop else None, c)
        more, ones = value.copy(), np.zeros_like(value)
        more[where] += 1
        ones[where] = 1
        wanted = [value[where], value[where].shape, more, value[:, where] * 2, ones]
        for found, expected in zip(f(value, a, b, c), wanted):
            np.testing.assert_array_equal(found, expected, err_msg=str(where))
        assert tuple(sizes(value, a, b, c)) == value[where].shape, where
    assert f(value[:0], 0, 1, -3)[0].shape == (0, 5)
    with pytest.raises(ValueError, match="step cannot be zero"):
        f(value, 0, 3, 0)


@pytest.mark.parametrize("has_start, has_stop", GIVEN)
def test_canonical_form_with_a_symbolic_step(has_start, has_stop):
    start, stop, step, length = T.lscalars(4)
    given = slice(start if has_start else None, stop if has_stop else None, step)
    form, direction = get_canonical_form_slice(given, length)
    outputs = [T.as_tensor_variable(v) for v in (form.start, form.stop, form.step, direction)]
    f = theano.function([start, stop, step, length], outputs, on_unused_input="ignore")
    value = np.arange(5)
    for a, b, c in itertools.product([-8, -5, -1, 0, 1, 4, 8], [-8, -5, -1, 0, 1, 4, 8], [-6, -3, -1, 1, 2, 5]):
        first, last, by, turned = (int(v) for v in f(a, b, c, 5))
        assert by > 0
        assert 0 <= first <= last <= 5
        wanted = value[slice(a if has_start else None, b if has_stop else None, c)]
        np.testing.assert_array_equal(value[first:last:by][::turned], wanted)
