"""Pooling of volumes and patches of images run in native code, with the reference's values and gradients."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet.neighbours import images2neibs, neibs2images
from theano.tensor.signal.pool import Pool, PoolGrad, max_pool_2d_same_size, pool_2d
from theon.schedule.step import PythonCall

rng = np.random.RandomState(1)


def agree(x, build, values):
    """Value and gradient, native and by the reference, on arrays in two orders of memory."""
    y = build(x)
    weights = T.arange(1, y.size + 1).reshape(y.shape).astype(y.dtype)
    outs = [y, T.grad((y * weights).sum(), x), y.shape]
    f, g = theano.function([x], outs), theano.function([x], outs, mode="FAST_COMPILE")
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    for value in values:
        for array in (value, np.asfortranarray(value)):
            for got, wanted in zip(f(array), g(array), strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-6)


WINDOWS = [
    ((2, 3, 2), (2, 3, 2), (0, 0, 0), True, "max"),
    ((3, 2, 3), (1, 2, 1), (2, 1, 0), True, "max"),
    ((2, 2, 2), (2, 1, 3), (0, 0, 0), False, "max"),
    ((3, 3, 2), (2, 1, 2), (1, 2, 1), True, "sum"),
    ((3, 3, 2), (2, 1, 2), (1, 2, 1), True, "average_inc_pad"),
    ((2, 3, 2), (3, 2, 2), (1, 2, 1), True, "average_exc_pad"),
    ((2, 3, 4), (1, 2, 3), (0, 0, 0), False, "average_exc_pad"),
]


@pytest.mark.parametrize(("ws", "stride", "pad", "ignore_border", "mode"), WINDOWS)
@pytest.mark.parametrize("lead", [(), (2, 3)])
def test_volumes(lead, ws, stride, pad, ignore_border, mode):
    x = T.TensorType("float32", (False,) * (len(lead) + 3))()
    # Few different numbers: the largest of a window is there several times.
    values = [rng.randint(0, 4, (*lead, *sizes)).astype("float32") for sizes in ((5, 6, 4), (3, 3, 3))]
    agree(x, lambda v: Pool(ignore_border, mode, 3)(v, ws, stride, pad), values)


def test_images_of_more_dimensions_than_four():
    x = T.TensorType("float64", (False,) * 5)()
    agree(x, lambda v: Pool(True, "max", 2)(v, (2, 2)), [rng.rand(2, 3, 2, 5, 4), rng.rand(2, 0, 2, 5, 4)])
    agree(x, lambda v: Pool(True, "sum", 1)(v, (2,)), [rng.rand(2, 3, 2, 5, 4)])


PATCHES = [
    ("valid", (2, 3), None, (4, 6)),
    ("valid", (2, 2), (1, 2), (5, 6)),
    ("ignore_borders", (2, 3), None, (5, 7)),
    ("half", (3, 3), (1, 2), (5, 7)),
    ("half", (2, 4), (2, 3), (4, 6)),  # of even sizes: one more before the image than behind
    ("full", (2, 3), (1, 2), (4, 7)),
    ("wrap_centered", (3, 5), (2, 3), (6, 6)),
    ("wrap_centered", (3, 3), (1, 1), (3, 4)),
]


@pytest.mark.parametrize(("mode", "size", "step", "image"), PATCHES)
def test_patches(mode, size, step, image):
    x = T.dtensor4()
    agree(x, lambda v: images2neibs(v, size, step, mode), [rng.rand(2, 3, *image), rng.rand(0, 3, *image)])
    # Sizes known only when the function runs.
    n = T.lvector()
    f = theano.function([x, n], images2neibs(x, n, size if step is None else step, mode))
    value = rng.rand(2, 3, *image)
    np.testing.assert_array_equal(f(value, size), images2neibs(T.constant(value), size, step, mode).eval())


def test_patches_that_do_not_fit_are_refused_as_by_the_reference():
    x = T.ftensor4()
    f = theano.function([x], images2neibs(x, (2, 2), mode="valid"))
    with pytest.raises(TypeError, match="are not valid in mode valid"):
        f(np.zeros((1, 1, 3, 4), "float32"))
    f = theano.function([x], images2neibs(x, (3, 3), (1, 1), mode="wrap_centered"))
    with pytest.raises(TypeError, match="smaller than the patch"):
        f(np.zeros((1, 1, 2, 4), "float32"))


def test_the_number_of_patches_needs_no_patches():
    x = T.ftensor4()
    sizes = images2neibs(x, (2, 3), (1, 2), "full").shape
    f = theano.function([x], sizes)
    assert not any("Images2Neibs" in str(n.op) for n in f.maker.fgraph.toposort())
    assert f(np.zeros((2, 3, 4, 7), "float32")).tolist() == [2 * 3 * 5 * 5, 6]


def test_patches_side_by_side_make_the_image_again():
    x = T.dtensor4()
    f = theano.function([x], neibs2images(images2neibs(x, (2, 3)), (2, 3), x.shape))
    value = rng.rand(2, 2, 4, 9)
    np.testing.assert_array_equal(f(value), value)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32"])
def test_the_largest_of_integers(dtype):
    rng = np.random.RandomState(0)
    limits = np.iinfo(dtype)
    values = rng.randint(limits.min, limits.max, (2, 3, 9, 7), dtype=dtype)
    values[0, 0, :2, :2] = limits.max
    x = T.TensorType(dtype, (False,) * 4)()
    for settings in ({"ignore_border": True, "pad": (1, 2), "stride": (2, 1)}, {"ignore_border": False}):
        y = T.signal.pool.pool_2d(x, (3, 3), **settings)
        native = theano.function([x], y)
        found, wanted = native(values), theano.function([x], y, mode="FAST_COMPILE")(values)
        assert found.dtype == wanted.dtype == dtype
        assert not any(isinstance(step, PythonCall) for step in native._native.program.steps)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "uint64"])
@pytest.mark.parametrize(("mode", "ignore_border"), [("max", True), ("sum", False), ("average_exc_pad", True)])
def test_windows_of_integers_run_in_native_code(dtype, mode, ignore_border):
    x = T.TensorType(dtype, (False,) * 5)()
    pads = [(0, 1, 1), (1, 0, 1)] if ignore_border else [(0, 0, 0)] * 2
    op = [Pool(ignore_border, mode, n) for n in (2, 3)]
    outs = [op[0](x, (3, 2), (2, 1), pads[0][1:]), op[1](x, (2, 3, 2), (1, 2, 3), pads[1])]
    if mode != "average_exc_pad":
        outs.append(PoolGrad(ignore_border, mode)(x, outs[0], outs[0], (3, 2), (2, 1), pads[0][1:]))
    f, g = theano.function([x], outs), theano.function([x], outs, mode="FAST_COMPILE")
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    info = np.iinfo(dtype)
    value = rng.randint(max(info.min, -(2**62)), min(info.max, 2**62), (2, 2, 5, 4, 5)).astype(dtype)
    for got, wanted in zip(f(value), g(value), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_averages_of_small_integers_do_not_wrap_around():
    x = T.TensorType("int8", (False,) * 2)()
    value = np.full((2, 2), 100, "int8")
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([x], pool_2d(x, (2, 2), ignore_border=True, mode="average_inc_pad"), mode=mode)
        assert f(value).tolist() == [[100]]


@pytest.mark.parametrize("mode", ["max", "sum", "average_inc_pad", "average_exc_pad"])
@pytest.mark.parametrize("ignore_border", [True, False])
def test_windows_known_only_at_run_time(mode, ignore_border):
    x, ws, stride, pad = T.dtensor4(), T.lvector(), T.ivector(), T.lvector()
    y = pool_2d(x, ws, ignore_border, stride, pad if ignore_border else (0, 0), mode)
    inputs = [x, ws, stride, *([pad] if ignore_border else [])]
    f = theano.function(inputs, [y, T.grad((y**2).sum(), x), y.shape])
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    value = rng.rand(2, 3, 6, 7)
    for w, s, p in [
        ((2, 3), (2, 1), (1, 2)),
        ((3, 1), (1, 2), (0, 0)),
        ((9, 2), (3, 2), (4, 1)),
        ((2, 2), (3, 3), (0, 0)),
    ]:
        given = Pool(ignore_border, mode)(x, w, s, p if ignore_border else 0)
        wanted = theano.function([x], [given, T.grad((given**2).sum(), x)])(value)
        got = f(value, w, np.array(s, "int32"), *([p] if ignore_border else []))
        for a, b in zip(got, wanted):
            np.testing.assert_allclose(a, b, rtol=1e-12)
        assert got[2].tolist() == list(wanted[0].shape)
    with pytest.raises(ValueError, match="windows and strides are positive"):
        f(value, (0, 1), np.ones(2, "int32"), *([(0, 0)] if ignore_border else []))


def test_second_derivatives_of_pooling_and_patches_largest_in_place_are_native():
    x, t = T.dtensor4(), T.dtensor4()
    y = pool_2d(x, (3, 2), True, (2, 2), (1, 0))
    slope = T.grad((y**3).sum(), x)
    kept = max_pool_2d_same_size(x, (2, 3))
    outs = [T.grad((slope**2).sum(), x), T.Rop(y, x, t), kept, T.grad((kept**2).sum(), x)]
    f, g = theano.function([x, t], outs), theano.function([x, t], outs, mode="FAST_COMPILE")
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    values = rng.rand(2, 3, 6, 7), rng.rand(2, 3, 6, 7)
    for got, wanted in zip(f(*values), g(*values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
