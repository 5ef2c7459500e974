"""Memory filled with one number: in vectors, whatever the number, the rank and the layout."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen.contents import kernels_of
from theon.codegen.emit import kernels_text


def test_a_number_fills_memory_in_vectors():
    n = T.lscalar("n")
    f = theano.function([n], T.zeros((n, 3)))
    text, _ = kernels_text(kernels_of(f._native.program).items())
    assert "x double>" in text  # it had been one number at a time, a quarter of the speed


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "bool"])
@pytest.mark.parametrize("size", [0, 1, 5, 64, 1001])
def test_every_element_is_filled_and_nothing_else(dtype, size):
    x = T.TensorType(dtype, (False, False))("x")
    f = theano.function([x], [T.ones_like(x), T.set_subtensor(x[1:, ::2], np.asarray(1, dtype))])
    for value in (np.zeros((3, size), dtype), np.zeros((size, 3), dtype).T, np.zeros((6, 2 * size), dtype)[::2, ::2]):
        expected = value.copy()
        expected[1:, ::2] = 1
        ones, some = f(value)
        np.testing.assert_array_equal(ones, np.ones_like(value))
        np.testing.assert_array_equal(some, expected)
        assert not value.any()


def test_added_constants_at_rows():
    x, i = T.dmatrix("x"), T.lvector("i")
    f = theano.function([x, i], T.inc_subtensor(x[i], 1.5))
    value, rows = np.random.RandomState(0).randn(7, 13), np.array([0, 3, 3, -1, 6])
    expected = value.copy()
    np.add.at(expected, rows, 1.5)
    np.testing.assert_array_equal(f(value, rows), expected)
