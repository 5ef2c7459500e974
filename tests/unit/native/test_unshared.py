"""Convolutions with filters of their own for each place against the reference."""

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon


@pytest.mark.parametrize(
    ("dtype", "border", "stride", "dilation", "groups", "flip"),
    [
        ("float32", "valid", (1, 1), (1, 1), 1, True),
        ("float64", "half", (1, 1), (1, 1), 2, False),
        ("float32", "full", (2, 1), (1, 1), 1, True),
        ("float64", ((0, 2), (1, 0)), (3, 2), (1, 1), 4, True),
        ("float32", (2, 1), (1, 2), (2, 1), 2, False),
    ],
)
def test_filters_of_their_own_for_each_place(dtype, border, stride, dilation, groups, flip):
    rng = np.random.RandomState(0)
    x, g = (T.TensorType(dtype, (False,) * 4)() for _ in range(2))
    w = T.TensorType(dtype, (False,) * 6)()
    settings = {"border_mode": border, "subsample": stride, "filter_dilation": dilation, "filter_flip": flip}
    y = T.nnet.conv2d(x, w, num_groups=groups, unshared=True, **settings)
    gradients = T.grad(None, [x, w], known_grads={y: g})
    graphs = [y, *gradients] if dilation == (1, 1) else [y, gradients[1]]
    native = theano.function([x, w, g], graphs, on_unused_input="ignore")
    assert "python" not in theon.explain(native).split("Program")[1].lower()
    reference = theano.function([x, w, g], graphs, mode="FAST_COMPILE", on_unused_input="ignore")
    for shape in ((3, 4, 7, 9), (1, 4, 6, 5), (0, 4, 6, 5)):
        images = rng.randn(*shape).astype(dtype)
        places = T.nnet.abstract_conv.get_conv_output_shape(shape, (8, 4, 3, 2), border, stride, dilation)[2:]
        filters = rng.randn(8, *places, 4 // groups, 3, 2).astype(dtype)
        slopes = rng.randn(shape[0], 8, *places).astype(dtype)
        for own in (filters, np.asfortranarray(filters)):
            for a, b in zip(native(images, own, slopes), reference(images, own, slopes)):
                np.testing.assert_allclose(a, b, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-4)


def test_filters_for_another_number_of_places_are_refused():
    x, w = T.ftensor4(), T.TensorType("float32", (False,) * 6)()
    f = theano.function([x, w], T.nnet.conv2d(x, w, unshared=True))
    with pytest.raises(ValueError):
        f(np.ones((1, 1, 5, 5), "float32"), np.ones((1, 2, 3, 1, 3, 3), "float32"))
