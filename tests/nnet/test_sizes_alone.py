"""Products of which nothing but the sizes is read are not computed: the gradient of a sum of products needs no forward pass."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import Branch, NativeCall

rng = np.random.RandomState(3)


def calls(steps):
    """The routines that a program's steps call."""
    found = []
    for step in steps:
        if isinstance(step, NativeCall):
            found.append(step.name)
        elif isinstance(step, Branch):
            found += calls((*step.then, *step.otherwise))
    return found


PRODUCTS = [
    (T.dot, (5, 4), (4, 3), "gemm"),
    (T.batched_dot, (2, 5, 4), (2, 4, 3), "gemm_stack"),
    (T.nnet.conv2d, (2, 3, 6, 7), (4, 3, 3, 2), "conv"),
    (T.nnet.conv3d, (2, 3, 4, 6, 7), (4, 3, 2, 3, 2), "conv"),
]


@pytest.mark.parametrize(("product", "left", "right", "routine"), PRODUCTS)
def test_gradient_of_a_sum_of_products_needs_no_forward_pass(product, left, right, routine):
    x, w = (T.TensorType("float64", (False,) * len(shape))() for shape in (left, right))
    y = product(x, w)
    given = y.type()
    with_values = theano.function([x, w, given], [T.grad((y * given).sum(), x), y])
    alone = theano.function([x, w, given], T.grad((y * given).sum(), x))
    count = [calls(f._native.program.steps).count(routine) for f in (alone, with_values)]
    assert count[0] < count[1]
    values = rng.rand(*left), rng.rand(*right)
    g = rng.rand(*theano.function([x, w], y)(*values).shape)
    reference = theano.function([x, w, given], T.grad((y * given).sum(), x), mode="FAST_COMPILE")
    np.testing.assert_allclose(alone(*values, g), reference(*values, g), rtol=1e-10)
    # A size of one is spread over the product, and the gradient of what is not there is summed.
    one = g[:1]
    np.testing.assert_allclose(alone(*values, one), reference(*values, one), rtol=1e-10)
    with pytest.raises(ValueError):
        alone(*values, g[:, :1].repeat(2, axis=1))
