"""Sizes of convolutions from one another, pads of border modes, and upsampling against interpolation."""

import itertools

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet import abstract_conv as ac

rng = np.random.RandomState(3)
BORDERS = ["valid", "full", "half", 2, (1, 0), ((0, 2), (1, 1))]


@pytest.mark.parametrize("border", BORDERS, ids=str)
def test_each_shape_follows_from_the_other_two(border):
    for step, dilation in itertools.product([(1, 1), (2, 3)], [(1, 1), (2, 1)]):
        image, kernel = (4, 6, 13, 12), (8, 3, 3, 2)
        top = ac.get_conv_output_shape(image, kernel, border, step, dilation)
        assert ac.check_conv_gradinputs_shape(image, kernel, top, border, step, dilation)
        assert ac.check_conv_gradinputs_shape((None, 6, None, 12), kernel, top, border, step, dilation)
        assert not ac.check_conv_gradinputs_shape(image, kernel, (*top[:3], top[3] + 1), border, step, dilation)
        back = ac.get_conv_gradinputs_shape(kernel, top, border, step, dilation, num_groups=2)
        filters = ac.get_conv_gradweights_shape(image, top, border, step, dilation, num_groups=2)
        if step == (1, 1):
            assert back == image
            assert filters == ((8, 3, None, None) if border == "half" else kernel)
        else:
            assert back == (4, 6, None, None)
            assert filters == (8, 3, None, None)
    unshared = ac.get_conv_gradweights_shape(image, top, "valid", (1, 1), unshared=True)
    assert unshared[:4] == (8, *top[2:], 6)


def test_pads_of_border_modes():
    assert ac.border_mode_to_pad("half", 2, (3, 4)) == ((1, 1), (2, 2))
    assert ac.border_mode_to_pad("full", 2, (3, 4)) == ((2, 2), (3, 3))
    assert ac.border_mode_to_pad("valid", 2, (3, 4)) == ((0, 0), (0, 0))
    assert ac.border_mode_to_pad(3, 2, (3, 4)) == ((3, 3), (3, 3))
    assert ac.border_mode_to_pad((1, (0, 2)), 2, (3, 4)) == ((1, 1), (0, 2))
    for wrong in ("same", -1, (1, 2, 3), (1, (1, 2, 3)), (1, -1)):
        with pytest.raises(ValueError):
            ac.border_mode_to_pad(wrong, 2, (3, 4))


def test_shapes_are_asserted():
    n = T.lscalar()
    checked = theano.function([n], ac.assert_conv_shape((2, n, 3, n))[3])
    assert checked(4) == 4
    with pytest.raises(AssertionError, match=r"dim\[3\]"):
        checked(0)
    assert ac.assert_conv_shape((0, 0, 1)) == (0, 0, 1)
    for wrong in ((-1, 1, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="invalid shape"):
            ac.assert_conv_shape(wrong)
    x = T.dmatrix()
    assert ac.assert_shape(x, (2, None)) is x
    with theano.configparser.change_flags({"conv.assert_shape": True}):
        f = theano.function([x], ac.assert_shape(x, (2, None), "rows!"))
    f(np.ones((2, 5)))
    with pytest.raises(AssertionError, match="rows!"):
        f(np.ones((3, 5)))


@pytest.mark.parametrize("ratio", [(1, 1), (2, 1), (3, 2), (4, 6), (5, 3), (1, 3)], ids=str)
def test_fractions_interpolate_linearly(ratio):
    x = rng.rand(2, 3, 4, 5)
    p, q = (v // np.gcd(*ratio) for v in ratio)
    wanted = x
    for axis in (2, 3):
        n = wanted.shape[axis]
        fine = (np.arange(0, n * p, q) - (p - 1) // 2) / p
        wanted = np.apply_along_axis(lambda v, n=n, fine=fine: np.interp(fine, np.arange(n), v), axis, wanted)
    np.testing.assert_allclose(ac.frac_bilinear_upsampling(x, ratio).eval(), wanted)
    np.testing.assert_allclose(ac.frac_bilinear_upsampling(x, (ratio, ratio)).eval(), wanted)
    if ratio[1] == 1:
        np.testing.assert_allclose(ac.bilinear_upsampling(x, ratio[0]).eval(), wanted)
    if ratio == (3, 2):
        T.verify_grad(lambda v: ac.frac_bilinear_upsampling(v, ratio), [x], rng=rng)


def test_ratios_that_are_none_are_refused():
    x = T.dtensor4()
    for arguments in (
        {},
        {"ratio": 2, "frac_ratio": (3, 2)},
        {"ratio": 1.5},
        {"frac_ratio": (3, 0)},
        {"frac_ratio": 2},
    ):
        with pytest.raises(ValueError):
            ac.bilinear_upsampling(x, **arguments)


def test_old_and_unknown_keywords_of_conv2d():
    x, w = T.dtensor4(), T.dtensor4()
    with pytest.warns(UserWarning, match="colour"):
        T.nnet.conv2d(x, w, colour="blue")
    with pytest.warns(DeprecationWarning, match="input_shape"):
        assert T.nnet.conv2d(x, w, image_shape=(1, 2, 3, 3)).owner.op.imshp == (1, 2, 3, 3)
    with pytest.raises(ValueError, match="logical"):
        T.nnet.conv2d(x, w, imshp_logical=(1, 2, 3, 4))
    with pytest.raises(ValueError), pytest.warns(DeprecationWarning):
        T.nnet.conv2d(x, w, input_shape=(1, 2, 3, 3), image_shape=(1, 2, 3, 3))


def test_separable_volumes_and_unshared_causal_filters():
    x = rng.randn(2, 3, 4, 4, 5)
    deep, point = rng.randn(6, 1, 2, 2, 2), rng.randn(4, 6, 1, 1, 1)
    found = ac.separable_conv3d(x, deep, point, 3).eval()
    middle = [T.nnet.conv3d(x[:, i : i + 1], deep[2 * i : 2 * i + 2]).eval() for i in range(3)]
    np.testing.assert_allclose(found, T.nnet.conv3d(np.concatenate(middle, axis=1), point).eval())
    steps = rng.randn(2, 3, 6)
    filters = rng.randn(4, 6, 3, 2)
    found = ac.causal_conv1d(steps, filters, filters.shape, unshared=True, filter_flip=False).eval()
    padded = np.pad(steps, [(0, 0), (0, 0), (1, 0)])
    for t in range(6):
        wanted = np.einsum("ncw,ocw->no", padded[:, :, t : t + 2], filters[:, t])
        np.testing.assert_allclose(found[:, :, t], wanted)
    with pytest.raises(ValueError, match="3D"):
        ac.causal_conv1d(T.dmatrix(), filters, filters.shape)
