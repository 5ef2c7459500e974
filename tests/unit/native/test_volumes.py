"""Convolutions of volumes, computed as those of planes, against the reference."""

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon


@pytest.mark.parametrize(
    ("dtype", "border", "stride", "dilation", "groups", "flip"),
    [
        ("float32", "valid", (1, 1, 1), (1, 1, 1), 1, True),
        ("float64", "half", (1, 1, 1), (1, 1, 1), 1, False),
        ("float32", "full", (2, 1, 2), (1, 1, 1), 1, True),
        ("float64", (1, 0, 2), (1, 2, 1), (2, 1, 1), 1, True),
        ("float32", ((0, 2), (1, 0), (0, 0)), (2, 2, 2), (1, 1, 2), 2, True),
        ("float64", (4, 1, 1), (3, 1, 1), (1, 1, 1), 2, False),
        ("float32", "valid", (2, 1, 1), (2, 1, 1), 4, True),
        ("float32", ((3, 0), (0, 0), (0, 0)), (5, 1, 1), (1, 1, 1), 1, True),
    ],
)
def test_volumes(dtype, border, stride, dilation, groups, flip):
    rng = np.random.RandomState(0)
    x, w, g = (T.TensorType(dtype, (False,) * 5)() for _ in range(3))
    y = T.nnet.conv3d(
        x, w, border_mode=border, subsample=stride, filter_dilation=dilation, num_groups=groups, filter_flip=flip
    )
    graphs = [y, *T.grad(None, [x, w], known_grads={y: g})]
    native = theano.function([x, w, g], graphs)
    assert "python" not in theon.explain(native).split("Program")[1].lower()
    reference = theano.function([x, w, g], graphs, mode="FAST_COMPILE")
    for shape in ((2, 4, 7, 6, 8), (1, 4, 5, 5, 5), (0, 4, 5, 5, 5)):
        volumes = rng.randn(*shape).astype(dtype)
        # Filters and gradients that do not lie one after another in memory.
        filters = rng.randn(3, 2, 3, 8, 4 // groups).astype(dtype).transpose(3, 4, 0, 1, 2)
        slopes = rng.randn(*theano.function([x, w], y.shape)(volumes, filters)).astype(dtype)[..., ::-1]
        for a, b in zip(native(volumes, filters, slopes), reference(volumes, filters, slopes)):
            np.testing.assert_allclose(a, b, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-4)


def test_volumes_smaller_than_their_filters_are_told_apart_from_those_that_fit():
    x, w = T.ftensor5(), T.ftensor5()
    f = theano.function([x, w], T.nnet.conv3d(x, w))
    with pytest.raises(ValueError, match="does not fit"):
        f(np.ones((1, 1, 2, 5, 5), "float32"), np.ones((1, 1, 3, 3, 3), "float32"))
    with pytest.raises(ValueError, match="channels"):
        f(np.ones((1, 2, 5, 5, 5), "float32"), np.ones((1, 1, 3, 3, 3), "float32"))
