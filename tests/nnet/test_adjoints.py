"""Transposed convolutions and gradients as functions are adjoint to the convolution, and run in native code."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet import abstract_conv as ac
from theon.codegen.contents import ARENA_SIZE
from theon.schedule.step import PythonCall

rng = np.random.RandomState(8)


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    return f


SETTINGS = [
    ("valid", (1, 1), (1, 1), True),
    ("half", (2, 2), (1, 1), True),
    ((1, 2), (2, 1), (1, 2), False),
    ("full", (3, 2), (2, 1), True),
]


@pytest.mark.parametrize(("border", "stride", "dilation", "flip"), SETTINGS)
@pytest.mark.parametrize("symbolic", [False, True])
def test_a_transposed_convolution_is_the_adjoint(border, stride, dilation, flip, symbolic):
    x, w, g, s = T.dtensor4(), T.dtensor4(), T.dtensor4(), T.lvector()
    y = T.nnet.conv2d(x, w, None, None, border, stride, flip, filter_dilation=dilation)
    images, filters = rng.randn(2, 3, 10, 9), rng.randn(4, 3, 3, 2)
    result = native([x, w], y)(images, filters)
    slopes = rng.randn(*result.shape)
    size = (None, 3, s[0], s[1]) if symbolic else (None, 3, 10, 9)
    back = T.nnet.conv2d_transpose(
        g, w, size, border_mode=border, input_dilation=stride, filter_flip=flip, filter_dilation=dilation
    )
    more = ([s], [np.array([10, 9])]) if symbolic else ([], [])
    f = native([g, w, *more[0]], [back, *T.grad((back * back).sum(), [g, w])])
    found, *_ = f(slopes, filters, *more[1])
    assert found.shape == images.shape
    np.testing.assert_allclose((found * images).sum(), (result * slopes).sum())
    if not symbolic:
        T.verify_grad(lambda g, w: T.nnet.conv2d_transpose(
            g, w, size, border_mode=border, input_dilation=stride, filter_flip=flip, filter_dilation=dilation
        ), [slopes, filters], rng=rng)  # fmt: skip


@pytest.mark.parametrize(("border", "stride", "dilation", "flip"), SETTINGS)
def test_gradients_of_volumes_as_functions_are_adjoint(border, stride, dilation, flip):
    border = (*border, 1) if isinstance(border, tuple) else border
    how = {"border_mode": border, "subsample": (*stride, 1), "filter_flip": flip, "filter_dilation": (*dilation, 1)}
    x, w, g = (T.TensorType("float64", (False,) * 5)() for _ in range(3))
    volumes, filters = rng.randn(2, 3, 8, 7, 5), rng.randn(4, 3, 3, 2, 2)
    result = native([x, w], T.nnet.conv3d(x, w, **how))(volumes, filters)
    np.testing.assert_array_equal(native([x, w], ac.AbstractConv3d(**how)(x, w))(volumes, filters), result)
    slopes = rng.randn(*result.shape)
    total = (result * slopes).sum()
    back = ac.conv3d_grad_wrt_inputs(g, w, volumes.shape, **how)
    np.testing.assert_allclose((native([g, w], back)(slopes, filters) * volumes).sum(), total)
    of_filters = ac.conv3d_grad_wrt_weights(x, g, filters.shape, **how)
    np.testing.assert_allclose((native([x, g], of_filters)(volumes, slopes) * filters).sum(), total)


def test_convolutions_work_in_memory_that_does_not_grow_with_the_images():
    x, w = T.ftensor4(), T.ftensor4()
    y = T.nnet.conv2d(x, w, border_mode="half")
    once = native([x, w], [y, *T.grad(None, [x, w], known_grads={y: x})])
    for _ in range(3):
        y = T.nnet.conv2d(y, w, border_mode="half")
    chain = native([x, w], y)
    filters = rng.randn(16, 16, 3, 3).astype("float32")

    def memory(f, count, size):
        f(np.ones((count, 16, size, size), "float32"), filters)
        return int(f._native.state[ARENA_SIZE])

    # Far less than the patches of one call, and none for more images.
    assert memory(once, 8, 64) == memory(once, 32, 64) < 9 * 16 * 64 * 64 * 4 * 4
    # Calls take turns: of a chain two results between them are added.
    between = 2 * 4 * 16 * 32 * 32 * 4
    fresh = native([x, w], T.nnet.conv2d(x, w, border_mode="half"))
    assert memory(chain, 4, 32) - between < memory(fresh, 4, 32) + 4096
