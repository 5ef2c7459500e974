"""Pooling of volumes and patches of images run in native code, with the reference's values and gradients."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet.neighbours import images2neibs, neibs2images
from theano.tensor.signal.pool import Pool
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
