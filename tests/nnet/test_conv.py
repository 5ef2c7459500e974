"""Convolutions and pooling against direct sums, gradients numerically, in every setting."""

import itertools

import numpy as np
import pytest
from scipy import signal

import theano
import theano.tensor as T
from theano.tensor.nnet import abstract_conv as ac
from theano.tensor.nnet.bn import batch_normalization_train
from theano.tensor.nnet.neighbours import images2neibs, neibs2images
from theano.tensor.signal import downsample, pool

rng = np.random.RandomState(1)


def direct(x, w, pads, stride, flip, dilation, groups):
    """The definition, one element at a time."""
    if flip:
        w = w[:, :, ::-1, ::-1]
    x = np.pad(x, [(0, 0), (0, 0), *pads])
    spans = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], dilation)]
    sizes = [(n - s) // t + 1 for n, s, t in zip(x.shape[2:], spans, stride)]
    out = np.zeros((x.shape[0], w.shape[0], *sizes))
    per = w.shape[0] // groups
    for n, o, i, j in np.ndindex(*out.shape):
        g = o // per
        part = x[n, g * w.shape[1] : (g + 1) * w.shape[1]]
        part = part[:, i * stride[0] :: dilation[0], j * stride[1] :: dilation[1]][:, : w.shape[2], : w.shape[3]]
        out[n, o, i, j] = (part * w[o]).sum()
    return out


SETTINGS = [
    ("valid", (1, 1), True, (1, 1), 1),
    ("full", (2, 1), True, (1, 1), 1),
    ("half", (1, 2), False, (1, 2), 1),
    ((2, 1), (2, 3), True, (2, 1), 2),
    (((0, 2), (1, 0)), (1, 1), False, (1, 1), 4),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_conv2d_is_its_definition_and_has_its_gradient(setting):
    border, stride, flip, dilation, groups = setting
    x, w = rng.randn(2, 4, 7, 6), rng.randn(4, 4 // groups, 3, 2)
    spans = [(k - 1) * d + 1 for k, d in zip((3, 2), dilation)]
    pads = {
        "valid": [(0, 0)] * 2,
        "full": [(s - 1, s - 1) for s in spans],
        "half": [(s // 2, s // 2) for s in spans],
    }.get(border) or [(p, p) if isinstance(p, int) else p for p in border]

    def conv(a, b):
        return T.nnet.conv2d(a, b, None, None, border, stride, flip, None, dilation, groups)

    a, b = T.dtensor4("a"), T.dtensor4("b")
    got = theano.function([a, b], conv(a, b))(x, w)
    np.testing.assert_allclose(got, direct(x, w, pads, stride, flip, dilation, groups), rtol=1e-10, atol=1e-10)
    assert ac.get_conv_output_shape(x.shape, w.shape, border, stride, dilation) == got.shape
    T.verify_grad(conv, [x, w], rng=rng)
    # The transposes have gradients of their own.
    g = rng.randn(*got.shape)
    T.verify_grad(
        lambda p, q: ac.conv2d_grad_wrt_inputs(p, q, x.shape, None, border, stride, flip, dilation, groups),
        [g, w],
        rng=rng,
    )
    T.verify_grad(
        lambda p, q: ac.conv2d_grad_wrt_weights(p, q, w.shape, None, border, stride, flip, dilation, groups),
        [x, g],
        rng=rng,
    )


def test_unshared_filters_are_a_filter_for_each_place():
    x, w = rng.randn(2, 3, 5, 4), rng.randn(2, 4, 3, 3, 2, 2)
    a, b = T.dtensor4("a"), T.TensorType("float64", [False] * 6)("b")
    out = T.nnet.conv2d(a, b, unshared=True, filter_flip=False)
    got, ga, gb = theano.function([a, b], [out, *T.grad((out**2).sum(), [a, b])])(x, w)
    for i, j in itertools.product(range(4), range(3)):
        want = np.tensordot(x[:, :, i : i + 2, j : j + 2], w[:, i, j], ([1, 2, 3], [1, 2, 3]))
        np.testing.assert_allclose(got[:, :, i, j], want)
    eps = 1e-6
    f = theano.function([a, b], (out**2).sum())
    x2, w2 = x.copy(), w.copy()
    x2[1, 2, 3, 1] += eps
    w2[1, 2, 1, 0, 1, 1] += eps
    np.testing.assert_allclose(ga[1, 2, 3, 1], (f(x2, w) - f(x, w)) / eps, rtol=1e-3)
    np.testing.assert_allclose(gb[1, 2, 1, 0, 1, 1], (f(x, w2) - f(x, w)) / eps, rtol=1e-3)


def test_conv3d_is_scipys():
    x, w = rng.randn(1, 1, 5, 6, 4), rng.randn(1, 1, 2, 3, 2)
    a, b = T.dtensor5("a"), T.dtensor5("b")
    for mode in ("valid", "full"):
        got = theano.function([a, b], T.nnet.conv3d(a, b, border_mode=mode))(x, w)
        np.testing.assert_allclose(got[0, 0], signal.convolve(x[0, 0], w[0, 0], mode), atol=1e-12)
    T.verify_grad(lambda p, q: T.nnet.conv3d(p, q, subsample=(2, 1, 1), border_mode=(1, 0, 2)), [x, w], rng=rng)


def test_bad_convolutions_are_refused():
    x, w = T.dtensor4("x"), T.dtensor4("w")
    with pytest.raises(ValueError, match="border_mode"):
        T.nnet.conv2d(x, w, border_mode="same")
    with pytest.raises(ValueError):
        T.nnet.conv2d(x, w, border_mode=(1, 2, 3))
    with pytest.raises(ValueError):
        T.nnet.conv2d(x, w, subsample=(0, 1))
    with pytest.raises(TypeError):
        T.nnet.conv2d(T.dmatrix(), w)
    f = theano.function([x, w], T.nnet.conv2d(x, w))
    with pytest.raises(ValueError, match="channels"):
        f(np.ones((1, 2, 4, 4)), np.ones((1, 3, 2, 2)))
    with pytest.raises(ValueError, match="fit"):
        f(np.ones((1, 2, 4, 4)), np.ones((1, 2, 5, 2)))
    assert f(np.ones((0, 2, 4, 4)), np.ones((3, 2, 2, 2))).shape == (0, 3, 3, 3)
    said = theano.function([x, w], T.nnet.conv2d(x, w, input_shape=(1, 2, 4, 5)))
    with pytest.raises(ValueError, match="said to be"):
        said(np.ones((1, 2, 4, 4)), np.ones((1, 2, 2, 2)))


@pytest.mark.parametrize("mode", ["max", "sum", "average_inc_pad", "average_exc_pad"])
@pytest.mark.parametrize(
    "geometry", [((2, 2), None, (0, 0)), ((3, 2), (2, 1), (1, 1)), ((2, 3), (1, 2), (0, 2))], ids=str
)
def test_pooling_is_its_definition_and_has_its_gradient(mode, geometry):
    ws, st, pad = geometry
    st = st or ws
    x = rng.permutation(2 * 1 * 7 * 8).reshape(2, 1, 7, 8) / 7.0
    for ignore in (True, False):
        if pad != (0, 0) and not ignore:
            continue

        def pooled(v, ignore=ignore):
            return pool.pool_2d(v, ws, ignore_border=ignore, stride=st, pad=pad, mode=mode)

        v = T.dtensor4("v")
        got = theano.function([v], pooled(v))(x)
        nan = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)], constant_values=np.nan)
        for i, j in np.ndindex(*got.shape[2:]):
            part = nan[:, :, i * st[0] : i * st[0] + ws[0], j * st[1] : j * st[1] + ws[1]]
            count = part[0, 0].size if mode == "average_inc_pad" else (~np.isnan(part[0, 0])).sum()
            total = np.nansum(part, axis=(2, 3))
            want = np.nanmax(part, axis=(2, 3)) if mode == "max" else total if mode == "sum" else total / count
            np.testing.assert_allclose(got[:, :, i, j], want)
        T.verify_grad(pooled, [x], rng=rng, eps=1e-4)


def test_pooling_refuses_what_it_cannot_do_and_knows_the_old_names():
    x = T.dtensor4("x")
    with pytest.raises(ValueError):
        pool.pool_2d(x, (2, 2), ignore_border=True, mode="median")
    with pytest.raises(ValueError):
        pool.pool_2d(x, ignore_border=True)
    with pytest.raises(NotImplementedError):
        pool.pool_2d(T.dvector(), (2, 2), ignore_border=True)
    value = rng.rand(1, 1, 4, 4)
    a = theano.function([x], pool.pool_2d(x, (2, 2), ignore_border=True))(value)
    with pytest.warns(UserWarning, match="ds"):
        old = pool.pool_2d(x, ds=(2, 2), ignore_border=True)
    np.testing.assert_array_equal(theano.function([x], old)(value), a)
    np.testing.assert_array_equal(theano.function([x], downsample.max_pool_2d(x, (2, 2), True))(value), a)


def test_patches_and_back_with_gradients_in_every_mode():
    x = rng.rand(2, 2, 6, 9)
    v = T.dtensor4("v")
    rows = images2neibs(v, (2, 3))
    np.testing.assert_array_equal(theano.function([v], neibs2images(rows, (2, 3), v.shape))(x), x)
    for mode, step in (("ignore_borders", (2, 2)), ("half", (1, 1)), ("full", (1, 1)), ("wrap_centered", (2, 3))):
        T.verify_grad(lambda p, m=mode, s=step: images2neibs(p, (3, 3), s, m), [x], rng=rng)
    with pytest.raises(TypeError):
        theano.function([v], images2neibs(v, (4, 3)))(x)


def test_batch_normalization_normalises_and_has_its_gradient():
    x, gamma, beta = rng.randn(4, 3, 2, 2) * 3 + 1, rng.rand(3), rng.rand(3)
    v, g, b = T.dtensor4("v"), T.dvector("g"), T.dvector("b")
    out, mean, invstd = theano.function([v, g, b], batch_normalization_train(v, g, b, "spatial"))(x, gamma, beta)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), beta, atol=1e-12)
    np.testing.assert_allclose(mean, x.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(invstd, 1 / np.sqrt(x.var(axis=(0, 2, 3)) + 1e-4))
    T.verify_grad(lambda p, q, r: batch_normalization_train(p, q, r, "spatial")[0] ** 3, [x, gamma, beta], rng=rng)


def test_checked_mode_takes_sums_that_cancel_for_what_they_are():
    # The gradient of a shift before normalization is a sum of terms that cancel.
    v, gamma, beta = T.dtensor4("v"), T.dvector("gamma"), T.dvector("beta")
    out = batch_normalization_train(v, gamma, beta, "spatial")[0]
    f = theano.function([v, gamma, beta], T.grad((out**2).sum(), [v, gamma, beta]), mode="DebugMode")
    slopes = f(rng.randn(2, 3, 8, 9), np.ones(3), np.zeros(3))
    np.testing.assert_allclose(slopes[2], 0, atol=1e-11)


def test_checked_mode_leaves_sizes_that_spread_only_now_to_the_reference():
    a, b = T.dmatrix("a"), T.dmatrix("b")
    f = theano.function([a, b], a * b + 1, mode="DebugMode")
    np.testing.assert_array_equal(f(np.ones((3, 2)), np.ones((1, 2))), np.full((3, 2), 2.0))


def test_lenet_learns_two_patterns():
    n = 40
    y = np.arange(n) % 2
    x = rng.rand(n, 1, 12, 12) * 0.3
    x[y == 1, :, 3:9, 5:7] += 1
    x[y == 0, :, 5:7, 3:9] += 1
    images, labels = T.tensor4("images"), T.lvector("labels")
    F = theano.config.floatX
    W = theano.shared((rng.randn(4, 1, 3, 3) * 0.3).astype(F))
    b = theano.shared(np.zeros(4, F))
    V = theano.shared((rng.randn(4 * 25, 2) * 0.1).astype(F))
    hidden = T.tanh(pool.pool_2d(T.nnet.conv2d(images, W), (2, 2), ignore_border=True) + b.dimshuffle("x", 0, "x", "x"))
    p = T.nnet.softmax(T.dot(hidden.flatten(2), V))
    cost = -T.mean(T.log(p)[T.arange(labels.shape[0]), labels])
    parameters = [W, b, V]
    updates = [(v, v - 0.5 * g) for v, g in zip(parameters, T.grad(cost, parameters))]
    train = theano.function([images, labels], cost, updates=updates)
    first = train(x.astype(F), y)
    for _ in range(30):
        last = train(x.astype(F), y)
    assert last < 0.1 * first


def test_bias_spread_over_a_batch_of_images_keeps_its_gradient_native():
    x, W = T.dtensor4("x"), T.dtensor4("W")
    b = theano.shared(np.zeros(3))
    out = T.tanh(T.nnet.conv2d(x, W) + b.dimshuffle("x", 0, "x", "x"))
    f = theano.function([x, W], T.grad((out**2).sum(), b))
    images, filters = rng.randn(4, 2, 5, 5), rng.randn(3, 2, 2, 2)
    native = f._native.entry(images, filters)  # raises where the graph has to be run node by node
    slow = theano.function([x, W], T.grad((out**2).sum(), b), mode="FAST_COMPILE")(images, filters)
    np.testing.assert_allclose(native, slow, atol=1e-12)


@pytest.mark.parametrize(("image", "filters"), [("float32", "float64"), ("int16", "float32"), ("float64", "float32")])
def test_operands_of_different_dtypes_are_convolved_in_native_code(image, filters):
    from theon.schedule.step import PythonCall

    for convolve, shapes in (
        (T.nnet.conv2d, ((2, 3, 6, 5), (4, 3, 3, 2))),
        (T.nnet.conv3d, ((1, 2, 4, 5, 4), (3, 2, 2, 3, 2))),
    ):
        x, w = (T.TensorType(d, (False,) * len(s))() for d, s in zip((image, filters), shapes))
        y = convolve(x, w, border_mode="half")
        slopes = T.grad((y**2).sum(), [v for v in (x, w) if v.dtype.startswith("float")])
        f, g = (theano.function([x, w], [y, *slopes], mode=mode) for mode in ("FAST_RUN", "FAST_COMPILE"))
        assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
        values = [rng.randint(-9, 9, s).astype(d) for s, d in zip(shapes, (image, filters))]
        for got, wanted in zip(f(*values), g(*values), strict=True):
            assert got.dtype == wanted.dtype
            np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_what_is_said_of_shapes_has_all_their_sizes():
    x, w = T.tensor4(), T.tensor4()
    with pytest.raises(ValueError, match="imshp should have 4 sizes"):
        T.nnet.conv2d(x, w, input_shape=(2, 3, 8))
    with pytest.raises(ValueError, match="kshp should have 4 sizes"):
        T.nnet.conv2d(x, w, filter_shape=(2, 3, 8))
    with pytest.raises(TypeError, match="invalid axes 'rows'"):
        T.nnet.bn.batch_normalization_train(x, x, x, axes="rows")
