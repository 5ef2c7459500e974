"""Convolutions and pooling in settings drawn at random: values, gradients and second derivatives against loops in NumPy."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet import abstract_conv as ac
from theano.tensor.nnet.neighbours import images2neibs
from theano.tensor.signal import pool


def convolved(x, w, pads, stride, flip, dilation, groups):
    """A convolution of any number of dimensions, as a sum over the places of the filter."""
    n = x.ndim - 2
    if flip:
        w = w[(slice(None), slice(None)) + (slice(None, None, -1),) * n]
    x = np.pad(x, [(0, 0), (0, 0), *pads])
    spans = [(k - 1) * d + 1 for k, d in zip(w.shape[2:], dilation)]
    sizes = [(m - s) // t + 1 for m, s, t in zip(x.shape[2:], spans, stride)]
    out = np.zeros((x.shape[0], w.shape[0], *sizes))
    per, each = w.shape[0] // groups, w.shape[1]
    for k in np.ndindex(*w.shape[2:]):
        where = tuple(slice(a * d, a * d + (m - 1) * t + 1, t) for a, d, m, t in zip(k, dilation, sizes, stride))
        seen = x[(slice(None), slice(None), *where)]
        for g in range(groups):
            own = w[(slice(g * per, (g + 1) * per), slice(None), *k)]
            out[:, g * per : (g + 1) * per] += np.einsum("nc...,oc->no...", seen[:, g * each : (g + 1) * each], own)
    return out


def drawn(rng):
    """Sizes and settings of a convolution that fits."""
    n = 3 if rng.rand() < 0.25 else 2
    groups, each, per = int(rng.choice([1, 1, 2, 3])), int(rng.randint(1, 5)), int(rng.randint(1, 5))
    kernel = [int(rng.randint(1, 5)) for _ in range(n)]
    dilation = tuple(int(rng.choice([1, 1, 2, 3])) for _ in range(n))
    stride = tuple(int(rng.choice([1, 1, 2, 3, 4])) for _ in range(n))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    pairs = tuple((int(rng.randint(0, 4)), int(rng.randint(0, 4))) for _ in range(n))
    single = tuple(a for a, _ in pairs)
    border, pads = [
        ("valid", [(0, 0)] * n),
        ("full", [(s - 1, s - 1) for s in spans]),
        ("half", [(s // 2, s // 2) for s in spans]),
        (single[0], [(single[0], single[0])] * n),
        (single, [(p, p) for p in single]),
        (pairs, list(pairs)),
    ][rng.randint(6)]
    image = [max(1, s - sum(p), int(rng.randint(1, 12))) for s, p in zip(spans, pads)]
    x = rng.randn(int(rng.choice([0, 1, 2, 5])), groups * each, *image)
    w = rng.randn(groups * per, each, *kernel)
    return x, w, border, pads, stride, bool(rng.rand() < 0.5), dilation, groups


@pytest.mark.parametrize("seed", range(14))
def test_convolutions_and_their_derivatives(seed):
    rng = np.random.RandomState(seed)
    x, w, border, *setting = drawn(rng)
    _, stride, flip, dilation, groups = setting
    dtype = ("float64", "float32")[seed % 2]
    tolerance = 1e-9 if dtype == "float64" else 2e-4
    kind = T.TensorType(dtype, [False] * x.ndim)
    a, b, g, u, v = (kind(name) for name in "abguv")
    conv = T.nnet.conv2d if x.ndim == 4 else T.nnet.conv3d
    y = conv(a, b, border_mode=border, subsample=stride, filter_flip=flip, filter_dilation=dilation, num_groups=groups)
    first = T.grad((y * g).sum(), [a, b])
    # A convolution is linear in images and filters: its derivatives are convolutions with the directions.
    second = T.grad((first[0] * u).sum() + (first[1] * v).sum(), [a, b, g])
    f = theano.function([a, b, g, u, v], [y, *first, *second])
    wanted = convolved(x, w, *setting)
    slope, along_x, along_w = rng.randn(*wanted.shape), rng.randn(*x.shape), rng.randn(*w.shape)
    arguments = [value.astype(dtype) for value in (x, w, slope, along_x, along_w)]
    if seed % 3 == 0:
        arguments[0] = np.asfortranarray(arguments[0])
    found, ga, gb, haa, hbb, hg = (value.astype("float64") for value in f(*arguments))
    scale = max(1.0, np.abs(wanted).max(initial=0))
    assert found.shape == wanted.shape
    assert ac.get_conv_output_shape(x.shape, w.shape, border, stride, dilation) == found.shape
    np.testing.assert_allclose(found, wanted, atol=tolerance * scale, rtol=tolerance)
    by_x, by_w = convolved(along_x, w, *setting), convolved(x, along_w, *setting)
    np.testing.assert_allclose(hg, by_x + by_w, atol=20 * tolerance * scale, rtol=tolerance)

    def agree(one, other):
        assert abs(one - other) <= tolerance * 100 * max(1.0, abs(other), np.sqrt(wanted.size))

    agree((ga * along_x).sum(), (by_x * slope).sum())
    agree((gb * along_w).sum(), (by_w * slope).sum())
    agree((haa * along_x).sum(), (convolved(along_x, along_w, *setting) * slope).sum())
    agree((hbb * along_w).sum(), (convolved(along_x, along_w, *setting) * slope).sum())


def windows(n, size, stride, pad, ignore_border):
    """Where the windows along a dimension begin and end, in the padded image, cut at its end."""
    whole = n + 2 * pad
    if ignore_border:
        starts = range(0, whole - size + 1, stride)
    elif stride >= size:
        starts = range(0, whole, stride)
    else:
        # Windows go on until one reaches the end.
        starts = range(0, max(whole - size, 0) + stride if whole > size else 1, stride)
    return [(s, min(s + size, whole)) for s in starts]


def pooled(x, sizes, strides, pads, mode, ignore_border):
    n = len(sizes)
    along = [windows(*given, ignore_border) for given in zip(x.shape[-n:], sizes, strides, pads)]
    out = np.zeros((*x.shape[:-n], *map(len, along)), x.dtype)
    for at in np.ndindex(*map(len, along)):
        spans = [along[d][i] for d, i in enumerate(at)]
        inside = tuple(
            slice(max(lo - p, 0), max(min(hi - p, m), 0)) for (lo, hi), p, m in zip(spans, pads, x.shape[-n:])
        )
        part = x[(Ellipsis, *inside)]
        axes = tuple(range(-n, 0))
        count = np.prod([hi - lo for lo, hi in spans]) if mode == "average_inc_pad" else np.prod(part.shape[-n:])
        total = part.max(axis=axes) if mode == "max" else part.sum(axis=axes)
        out[(Ellipsis, *at)] = total / count if mode.startswith("average") else total
    return out


@pytest.mark.parametrize("seed", range(24))
def test_pooling_and_its_gradient(seed):
    rng = np.random.RandomState(seed)
    n = int(rng.choice([1, 2, 2, 3]))
    mode = ("max", "sum", "average_inc_pad", "average_exc_pad")[seed % 4]
    ignore_border = bool(rng.rand() < 0.6)
    sizes, strides = [int(rng.randint(1, 5)) for _ in range(n)], [int(rng.randint(1, 6)) for _ in range(n)]
    pads = [int(rng.randint(0, s)) if ignore_border else 0 for s in sizes]
    shape = [
        *(int(rng.choice([0, 1, 2, 3])) for _ in range(rng.randint(0, 3))),
        *(int(rng.randint(1, 10)) for _ in sizes),
    ]
    x = rng.permutation(int(np.prod(shape))).reshape(shape) / 7.0
    a = T.TensorType("float64", [False] * len(shape))("a")
    y = pool.Pool(ignore_border, mode, n)(a, sizes, strides, pads)
    wanted = pooled(x, sizes, strides, pads, mode, ignore_border)
    g = rng.randn(*wanted.shape)
    slope = T.grad((y * g).sum(), a)
    for how in (None, "FAST_COMPILE"):
        found, back = theano.function([a], [y, slope], mode=how)(x)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted)
        step = rng.randn(*x.shape) * 1e-4
        moved = [pooled(x + s * step, sizes, strides, pads, mode, ignore_border) for s in (1, -1)]
        np.testing.assert_allclose((back * step).sum(), ((moved[0] - moved[1]) * g).sum() / 2, atol=1e-10)
    np.testing.assert_array_equal(theano.function([a], y)(x.astype("float32")).shape, wanted.shape)


def test_sizes_of_nothing():
    x, w = T.dtensor4("x"), T.dtensor4("w")
    y = T.nnet.conv2d(x, w)
    f = theano.function([x, w], [y, *T.grad(y.sum(), [x, w])])
    for image, kernel in (((2, 0, 4, 4), (3, 0, 2, 2)), ((0, 3, 4, 4), (2, 3, 2, 2)), ((2, 3, 4, 4), (0, 3, 2, 2))):
        found, gx, gw = f(np.ones(image), np.ones(kernel))
        assert found.shape == (image[0], kernel[0], 3, 3)
        assert gx.shape == image
        assert gw.shape == kernel
        assert not found.any()
    for how in (None, "FAST_COMPILE"):
        # The result's size was negative here, which NumPy refused without saying whose.
        with pytest.raises(ValueError, match="does not fit into an image"):
            theano.function([x, w], y, mode=how)(np.ones((2, 3, 0, 4)), np.ones((2, 3, 2, 2)))
    with pytest.raises(ValueError, match="channels"):
        T.nnet.conv2d(x, w, input_shape=(1, 3, 4, 4), filter_shape=(2, 4, 2, 2))
    p = theano.function([x], pool.pool_2d(x, (9, 9), ignore_border=True))
    assert p(np.ones((1, 1, 6, 6))).shape == (1, 1, 0, 0)
    s = T.lvector("s")
    q = theano.function([x, s], pool.pool_2d(x, s, ignore_border=True))
    for wrong in ([0, 2], [2, 2, 2]):
        with pytest.raises(ValueError):
            q(np.ones((1, 1, 6, 6)), wrong)
    np.testing.assert_array_equal(pool.pool_2d(T.constant(np.eye(4) > 0), (2, 2), True).eval(), np.eye(2) > 0)
    for size, step in (((2, 2), (0, 1)), ((-2, 2), (1, 1))):
        with pytest.raises(ValueError, match="positive"):
            images2neibs(x, size, step).eval({x: np.ones((1, 1, 4, 4))})
    assert images2neibs(x, (2, 2)).eval({x: np.ones((0, 1, 4, 4))}).shape == (0, 4)
    assert ac.bilinear_upsampling(np.arange(4).reshape(1, 1, 2, 2), 2).dtype == theano.config.floatX


def test_pooling_hands_on_what_is_no_number():
    x = T.dtensor4("x")
    f = theano.function([x], pool.pool_2d(x, (2, 2), ignore_border=True))
    value = np.arange(16.0).reshape(1, 1, 4, 4)
    value[0, 0, 0, 1], value[0, 0, 3, 3] = np.nan, -np.inf
    found = f(value)
    assert np.isnan(found[0, 0, 0, 0])
    assert found[0, 0, 1, 1] == 14
    assert (f(np.full((1, 1, 4, 4), -np.inf)) == -np.inf).all()
