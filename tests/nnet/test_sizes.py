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


@pytest.mark.parametrize("ignore_border", [True, False])
def test_pools_tell_their_sizes_before_there_are_images(ignore_border):
    from theano.tensor.signal.pool import Pool, pool_2d

    n = T.lscalar("n")
    for ws, stride, pad in [
        ((2, 3), None, None),
        ((3, 3), (2, 1), None),
        ((2, 2), (3, 3), None),
        ((3, 2), None, (1, 1)),
    ]:
        if pad and not ignore_border:
            continue
        f = theano.function([n], T.stack(Pool.out_shape((4, n, 7), ws, ignore_border, stride, pad)))
        x = T.tensor3()
        y = Pool(ignore_border)(x, ws, stride=stride, pad=pad)
        shape, value = theano.function([x], y.shape), theano.function([x], y)
        assert not any(isinstance(node.op, Pool) for node in shape.maker.fgraph.toposort())
        for rows in (3, 6, 7):
            image = np.ones((4, rows, 7), theano.config.floatX)
            told = Pool.out_shape((4, rows, 7), ws, ignore_border, stride, pad)
            assert told == list(f(rows)) == list(shape(image)) == list(value(image).shape)
    with pytest.warns(UserWarning, match="replaced by"):
        assert Pool.out_shape((5, 8), st=(2, 3), ds=(3, 3)) == list(
            pool_2d(np.ones((5, 8)), (3, 3), False, (2, 3)).eval().shape
        )
    with pytest.raises(TypeError, match="at least 2"):
        Pool.out_shape((5,), (2, 2))


def test_shapes_of_convolutions_and_gradients_do_not_compute_them():
    x, w = T.tensor4(), T.tensor4()
    y = T.nnet.conv2d(x, w, border_mode=((1, 0), (2, 1)), subsample=(2, 1), filter_dilation=(1, 2), num_groups=2)
    back = T.grad(None, [x, w], known_grads={y: T.ones_like(y)})
    wanted = [y, *back]
    f = theano.function([x, w], [v.shape for v in wanted])
    assert not any("Conv" in type(node.op).__name__ for node in f.maker.fgraph.toposort())
    args = [np.ones(s, theano.config.floatX) for s in [(3, 4, 9, 8), (6, 2, 3, 2)]]
    for told, value in zip(f(*args), theano.function([x, w], wanted)(*args)):
        assert tuple(told) == value.shape
    gradient = theano.function([x, w], T.grad(y.sum(), x))
    assert [type(node.op).__name__ for node in gradient.maker.fgraph.toposort()].count("AbstractConv2d") == 0


def test_given_shapes_are_constants_and_asserted_where_the_flag_says():
    x, w, g = T.tensor4(), T.tensor4(), T.tensor4()
    for bad in (T.lvector(), x.shape, T.constant([3, 5, 7, 11]), (3, T.lscalar(), 7, 11)):
        for op in (ac.AbstractConv2d, ac.AbstractConv2d_gradInputs, ac.AbstractConv2d_gradWeights):
            with pytest.raises(ValueError, match="constant int values"):
                op(imshp=bad)
    assert ac.AbstractConv2d(kshp=[T.constant(3), None, 2, np.int64(2)]).kshp == (3, None, 2, 2)
    with theano.config.change_flags(**{"conv.assert_shape": True}):
        y = ac.conv2d(x, w, (2, 3, 6, 6), (4, 3, 2, 2))
        gx = ac.conv2d_grad_wrt_inputs(g, w, (None, None, 6, 6), (4, 3, 2, 2))
        gw = ac.conv2d_grad_wrt_weights(x, g, (None, None, 2, 2), (2, 3, 6, 6))
    sizes = {x: (2, 3, 6, 6), w: (4, 3, 2, 2), g: (2, 4, 5, 5)}
    for inputs, out, wrong in [([x, w], y, x), ([x, w], y, w), ([g, w], gx, w), ([x, g], gw, x)]:
        f = theano.function(inputs, out)
        f(*(np.ones(sizes[v], theano.config.floatX) for v in inputs))
        other = sizes | {wrong: (*sizes[wrong][:2], 3, 3)}
        with pytest.raises(AssertionError, match="is not the one that was given"):
            f(*(np.ones(other[v], theano.config.floatX) for v in inputs))


def test_the_older_conv2d_knows_constant_sizes_only():
    x, w = T.tensor4(), T.tensor4()
    with pytest.raises(theano.tensor.basic.NotScalarConstantError):
        T.nnet.conv.conv2d(x, w, image_shape=(T.lscalar(), 3, 5, 5))
    with pytest.raises(AssertionError, match="do not fit"):
        T.nnet.conv.conv2d(x, w, image_shape=(2, 3, 5, 5), filter_shape=(4, 2, 2, 2))
    sizes = T.constant(np.asarray([2, 3, 5, 5]))
    assert [int(T.get_scalar_constant_value(n)) for n in sizes] == [2, 3, 5, 5]


def test_a_triangle_of_symbolic_size_is_that_of_its_number():
    from theano.tensor.nnet.abstract_conv import bilinear_kernel_1D

    ratio = T.iscalar()
    for normalize in (True, False):
        f = theano.function([ratio], bilinear_kernel_1D(ratio, normalize))
        for n in (1, 2, 5):
            np.testing.assert_allclose(f(n), bilinear_kernel_1D(n, normalize).eval())
