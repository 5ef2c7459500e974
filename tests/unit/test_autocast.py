"""The dtypes that Python numbers take."""

import pytest

import theano.tensor as T
from theon.options import config


@pytest.mark.parametrize(
    "value, dtype",
    [(1, "int8"), (300, "int16"), (70000, "int32"), (2**40, "int64"), (1.5, "float32"), (0.1, "float64")],
)
def test_python_numbers_take_the_smallest_dtype_that_holds_them(value, dtype):
    assert T.constant(value).dtype == dtype


def test_a_learning_rate_was_rounded_to_half_precision():
    # NumPy 2 compares a float16 array with a Python float in float16, where 0.1 looks exact.
    assert float(T.constant(0.1).data) == 0.1
    with config.change_flags(floatX="float32"):
        assert T.constant(0.1).dtype == "float32"
