"""Native convolutions and their gradients against the arrays' own arithmetic, over drawn settings, and at the edge of memory."""

import os
import subprocess
import sys

import numpy as np
import pytest
from layouts import at_the_edge, layout

import theano
import theano.tensor as T
from theano.tensor.nnet import abstract_conv as ac
from theon.nnet import conv_math
from theon.schedule.step import PythonCall


def compiled(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


def drawn(seed):
    rng = np.random.RandomState(seed)
    groups = int(rng.choice([1, 1, 2, 3]))
    border = ["valid", "full", "half", tuple(map(int, rng.randint(0, 4, 2)))][rng.randint(4)]
    if rng.randint(5) == 0:
        border = tuple((int(a), int(b)) for a, b in rng.randint(0, 4, (2, 2)))
    stride, dilation = (tuple(map(int, rng.randint(1, 4, 2))) for _ in range(2))
    kernel = rng.randint(1, 5, 2)
    image = (kernel - 1) * dilation + 1 + rng.randint(0, 16, 2)
    channels, filters = rng.randint(1, 5), rng.randint(1, 40 if rng.randint(3) == 0 else 6)
    x = rng.randn(rng.randint(0, 12), groups * channels, *image)
    w = rng.randn(groups * filters, channels, *kernel)
    return rng, x, w, (border, stride, bool(rng.randint(2)), dilation, groups)


@pytest.mark.parametrize("seed", range(60))
def test_drawn_settings(seed):
    rng, x, w, settings = drawn(seed)
    dtype, tolerance = [("float32", 1e-4), ("float64", 1e-10)][seed % 2]
    x, w = layout(rng, x.astype(dtype)), layout(rng, w.astype(dtype))
    border, stride, flip, dilation, groups = settings
    a, b, c = (T.tensor4(dtype=dtype) for _ in range(3))
    y = T.nnet.conv2d(
        a, b, border_mode=border, subsample=stride, filter_flip=flip, filter_dilation=dilation, num_groups=groups
    )
    f = compiled([a, b, c], [y, *T.grad(None, [a, b], known_grads={y: c})])
    expected = conv_math.convolve(x, w, *settings)
    g = layout(rng, rng.randn(*expected.shape).astype(dtype))
    wanted = (
        expected,
        conv_math.input_gradient(w, g, x.shape[2:], *settings),
        conv_math.weight_gradient(x, g, w.shape[2:], *settings),
    )
    for got, want in zip(f(x, w, g), wanted):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, tolerance, tolerance * max(1, abs(want).max(initial=0)))


def test_sizes_that_do_not_fit_are_told_as_the_reference_tells_them():
    a, b, c = T.ftensor4("a"), T.ftensor4("b"), T.ftensor4("c")
    y = ac.conv2d(a, b, input_shape=(None, 2, None, None))
    f = compiled([a, b], y)
    slow = theano.function([a, b], y, mode="FAST_COMPILE")
    for x, w in [((1, 2, 2, 5), (1, 2, 3, 3)), ((1, 2, 5, 5), (1, 3, 3, 3)), ((1, 3, 5, 5), (1, 3, 3, 3))]:
        args = np.zeros(x, "float32"), np.zeros(w, "float32")
        with pytest.raises(ValueError) as told:
            slow(*args)
        with pytest.raises(ValueError) as native:
            f(*args)
        assert str(told.value).splitlines()[0] == str(native.value).splitlines()[0]
    back = compiled([a, c], ac.conv2d_grad_wrt_weights(a, c, (2, 2, 3, 3)))
    with pytest.raises(ValueError, match="sizes"):
        back(np.zeros((1, 2, 5, 5), "float32"), np.zeros((1, 2, 4, 3), "float32"))


def test_sizes_of_gradients_may_be_numbers_known_only_at_run_time():
    a, c, s = T.dtensor4("a"), T.dtensor4("c"), T.lvector("s")
    rng = np.random.RandomState(0)
    x, g, w = rng.randn(2, 3, 7, 6), rng.randn(2, 4, 5, 5), rng.randn(4, 3, 3, 2)
    weights = compiled([a, c, s], ac.AbstractConv2d_gradWeights()(a, c, s))
    plain = ("valid", (1, 1), True, (1, 1))
    np.testing.assert_allclose(weights(x, g, [3, 2]), conv_math.weight_gradient(x, g, (3, 2), *plain))
    images = compiled([a, c, s], ac.AbstractConv2d_gradInputs()(a, c, s))
    np.testing.assert_allclose(images(w, g, [7, 6]), conv_math.input_gradient(w, g, (7, 6), *plain))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pages are protected by Linux's call")
def test_nothing_outside_the_arrays_is_read():
    a, b, c = (T.ftensor4() for _ in range(3))
    for batch, border, stride, groups in [
        (3, "half", (1, 1), 1),
        (3, "valid", (2, 3), 1),
        (5, "full", (1, 2), 1),
        (5, "half", (3, 1), 1),
        (2, "half", (1, 1), 3),
        (2, "full", (1, 1), 3),
    ]:
        y = T.nnet.conv2d(a, b, border_mode=border, subsample=stride, num_groups=groups)
        f = compiled([a, b, c], [y, *T.grad(None, [a, b], known_grads={y: c})])
        rng = np.random.RandomState(0)
        filters = (19, 3, 3, 3) if groups == 1 else (3, 1, 3, 3)
        x, w = rng.randn(batch, 3, 9, 11).astype("float32"), rng.randn(*filters).astype("float32")
        g = np.ones_like(conv_math.convolve(x, np.repeat(w, 3 // w.shape[1], 1), border, stride, True, (1, 1)))
        plain = f(x, w, g)
        for end in (True, False):
            for got, want in zip(f(*(at_the_edge(v, end) for v in (x, w, g))), plain):
                np.testing.assert_array_equal(got, want)


def test_the_same_bits_on_any_number_of_threads(tmp_path):
    code = (
        "import numpy as np, hashlib, theano, theano.tensor as T\n"
        "a, b = T.ftensor4(), T.ftensor4(); y = T.nnet.conv2d(a, b, border_mode='half', subsample=(1, 2))\n"
        "f = theano.function([a, b], [y, *T.grad(y.sum() ** 2, [a, b])])\n"
        "r = np.random.RandomState(0); x = r.randn(9, 3, 20, 21).astype('float32'); w = r.randn(20, 3, 3, 3).astype('float32')\n"
        "print(hashlib.sha256(b''.join(v.tobytes() for v in f(x, w))).hexdigest())"
    )
    found = {
        subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": n}) for n in "123"
    }
    assert len(found) == 1


def test_elements_of_filters_that_reach_no_place_of_a_narrow_image():
    """Wrote beyond the image: the last place was before the first."""
    rng = np.random.RandomState(0)
    w = rng.randn(20, 2, 4, 5)
    settings = ("half", (2, 1), True, (2, 2), 2)
    k, t, s = T.dtensor4("k"), T.dtensor4("t"), T.lvector("s")
    op = ac.AbstractConv2d_gradInputs(
        border_mode="half", subsample=(2, 1), filter_flip=True, filter_dilation=(2, 2), num_groups=2
    )
    g = rng.randn(12, 20, 7, 2)[:, :, : (13 + 6 - 7) // 2 + 1]
    wanted = conv_math.input_gradient(w, g, (13, 2), *settings)
    np.testing.assert_allclose(compiled([k, t, s], op(k, t, s))(w, g, [13, 2]), wanted, 1e-10, 1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize(
    ("size", "kernel", "border", "stride", "dilation"),
    [
        ((7, 9), (3, 3), "valid", (1, 1), (1, 1)),
        ((16, 33), (3, 2), "full", (1, 1), (1, 2)),
        ((5, 16), (5, 3), "half", (1, 1), (1, 1)),
        ((9, 40), (2, 3), (4, 3), (1, 1), (2, 1)),
        ((1, 1), (1, 1), (0, 0), (1, 1), (1, 1)),
        ((19, 75), (3, 3), "half", (2, 2), (1, 1)),
        ((12, 40), (2, 5), ((1, 0), (3, 7)), (3, 2), (2, 3)),
        ((9, 10), (1, 1), "valid", (2, 3), (1, 1)),
        ((6, 20), (2, 4), "full", (1, 4), (1, 2)),
    ],
)
def test_a_filter_for_each_channel(dtype, flip, size, kernel, border, stride, dilation):
    rng = np.random.RandomState(0)
    x, w, g = (T.TensorType(dtype, (False,) * 4)() for _ in range(3))
    channels = 5
    y = T.nnet.conv2d(
        x, w, border_mode=border, subsample=stride, filter_flip=flip, filter_dilation=dilation, num_groups=channels
    )  # fmt: skip
    graphs = [y, *T.grad(None, [x, w], known_grads={y: g})]
    native = theano.function([x, w, g], graphs)
    assert not any(isinstance(step, PythonCall) for step in native._native.program.steps)
    image = rng.randn(3, channels, *size).astype(dtype)
    filters = rng.randn(channels, 1, *kernel).astype(dtype)
    slope = rng.randn(*theano.function([x, w], y)(image, filters).shape).astype(dtype)
    reference = theano.function([x, w, g], graphs, mode="FAST_COMPILE")
    turned = [np.asfortranarray(v) for v in (image, filters, slope)]
    for given in ((image, filters, slope), (image[::-1], filters[:, :, ::-1], slope[..., ::-1]), turned):
        for found, wanted in zip(native(*given), reference(*given)):
            np.testing.assert_allclose(found, wanted, rtol=1e-4 if dtype == "float32" else 1e-10, atol=1e-4)


def test_borders_wider_than_filters_of_single_channels_write_inside_their_workspace():
    rng = np.random.RandomState(0)
    x, w, g = (T.TensorType("float32", (False,) * 4)() for _ in range(3))
    y = T.nnet.conv2d(x, w, border_mode=(5, 50), subsample=(3, 1000), num_groups=2)
    graphs = [y, *T.grad(None, [x, w], known_grads={y: g})]
    native = theano.function([x, w, g], graphs)
    reference = theano.function([x, w, g], graphs, mode="FAST_COMPILE")
    image, kernel = rng.randn(1, 2, 6, 3).astype("float32"), rng.randn(2, 1, 3, 3).astype("float32")
    slopes = rng.randn(1, 2, 5, 1).astype("float32")
    for a, b in zip(native(image, kernel, slopes), reference(image, kernel, slopes)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_an_infinite_pixel_gives_only_its_own_taps_of_single_channels_infinite_gradients():
    x, g = np.ones((1, 3, 7, 20), "float32"), np.ones((1, 3, 7, 20), "float32")
    x[0, 1, 3, 19] = np.inf
    image, slopes, w = (T.ftensor4() for _ in range(3))
    y = T.nnet.conv2d(image, w, border_mode=1, num_groups=3, filter_flip=False)
    gradient = T.grad(None, w, known_grads={y: slopes})
    found = theano.function([image, slopes, w], gradient)(x, g, np.ones((3, 1, 3, 3), "float32"))
    assert np.isfinite(found[[0, 2]]).all() and np.isfinite(found[1, 0, :, 0]).all()
    assert np.isinf(found[1, 0, :, 1:]).all()
