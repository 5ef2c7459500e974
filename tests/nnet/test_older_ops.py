"""The classes of Theano's older convolutions, pooling gradients and batch normalization do what the functions do."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox import fourier, minimal
from theano.tensor.nnet import bn, conv3d2d
from theano.tensor.nnet.conv import ConvOp
from theano.tensor.nnet.corr import CorrMM, CorrMM_gradInputs, CorrMM_gradWeights
from theano.tensor.nnet.corr3d import Corr3dMM, Corr3dMM_gradInputs, Corr3dMM_gradWeights
from theano.tensor.signal import pool

rng = np.random.RandomState(7)


def test_correlations_and_their_gradients_are_the_convolutions():
    x, w = rng.randn(2, 4, 7, 6), rng.randn(6, 2, 3, 2)
    setting = ("half", (2, 1), (1, 2), 2)
    a, b = T.dtensor4(), T.dtensor4()
    wanted = T.nnet.conv2d(
        a, b, border_mode="half", subsample=(2, 1), filter_flip=False, filter_dilation=(1, 2), num_groups=2
    )
    y = wanted.eval({a: x, b: w})
    np.testing.assert_allclose(CorrMM(*setting)(x, w).eval(), y)
    g = rng.randn(*y.shape)
    ga, gb = theano.function([a, b], T.grad((wanted * g).sum(), [a, b]))(x, w)
    np.testing.assert_allclose(CorrMM_gradInputs(*setting)(w, g, [7, 6]).eval(), ga)
    np.testing.assert_allclose(CorrMM_gradInputs(*setting)(w, g, T.constant([7, 6])).eval(), ga)
    np.testing.assert_allclose(CorrMM_gradWeights(*setting)(x, g, 3, 2).eval(), gb)
    with pytest.raises(ValueError, match="shape must be given"):
        CorrMM_gradWeights(*setting)(x, g)
    # Without steps the sizes follow from the other two.
    plain, g = T.nnet.conv2d(a, b, filter_flip=False), rng.randn(2, 6, 5, 5)
    w = rng.randn(6, 4, 3, 2)
    ga, gb = theano.function([a, b], T.grad((plain * g).sum(), [a, b]))(x, w)
    np.testing.assert_allclose(CorrMM_gradInputs()(w, g).eval(), ga)
    np.testing.assert_allclose(CorrMM_gradWeights()(x, g).eval(), gb)
    T.verify_grad(lambda p, q: CorrMM("full")(p, q), [x, w], rng=rng)


def test_correlations_of_volumes():
    x, w = rng.randn(1, 2, 4, 5, 6), rng.randn(3, 2, 2, 2, 2)
    border = (1, 0, 2)
    a, b = T.dtensor5(), T.dtensor5()
    wanted = T.nnet.conv3d(a, b, border_mode=border, filter_flip=False)
    y = wanted.eval({a: x, b: w})
    np.testing.assert_allclose(Corr3dMM(border)(x, w).eval(), y)
    g = rng.randn(*y.shape)
    ga, gb = theano.function([a, b], T.grad((wanted * g).sum(), [a, b]))(x, w)
    np.testing.assert_allclose(Corr3dMM_gradInputs(border)(w, g).eval(), ga)
    np.testing.assert_allclose(Corr3dMM_gradWeights(border)(x, g).eval(), gb)


def test_first_convolution_op():
    x, w = rng.randn(2, 3, 6, 5), rng.randn(4, 3, 3, 2)
    for mode in ("valid", "full"):
        op = ConvOp((3, 6, 5), (3, 2), 4, 2, 1, 2, mode)
        wanted = T.nnet.conv2d(T.constant(x), w, border_mode=mode, subsample=(1, 2)).eval()
        np.testing.assert_allclose(op(x, w).eval(), wanted)
        assert ConvOp.getOutputShape((6, 5), (3, 2), (1, 2), mode) == wanted.shape[2:]
    with pytest.raises(ValueError, match="said to be"):
        ConvOp((3, 6, 6), (3, 2), 4, 2)(x, w).eval()
    with pytest.raises(NotImplementedError):
        ConvOp(output_mode="half")
    with pytest.raises(TypeError):
        ConvOp()(x[0], w)


@pytest.mark.parametrize(("ignore_border", "pad"), [(True, (1, 0)), (True, None), (False, None)])
def test_pooling_ops_of_one_mode(ignore_border, pad):
    x = rng.permutation(2 * 2 * 7 * 8).reshape(2, 2, 7, 8) / 9.0
    geometry = ((2, 3), (1, 2), pad)
    v = T.dtensor4()
    best = pool.Pool(ignore_border)(v, *geometry)
    g = rng.rand(*best.eval({v: x}).shape)
    wanted = T.grad((g * best).sum(), v).eval({v: x})
    np.testing.assert_allclose(pool.MaxPoolGrad(ignore_border)(v, best, g, *geometry).eval({v: x}), wanted)
    for mode in ("sum", "average_inc_pad", "average_exc_pad"):
        out = pool.Pool(ignore_border, mode)(v, *geometry)
        wanted = T.grad((g * out).sum(), v).eval({v: x})
        np.testing.assert_allclose(pool.AveragePoolGrad(ignore_border, mode)(x, g, *geometry).eval(), wanted)
    t = rng.rand(*x.shape)
    f = theano.function([v], best)
    wanted = (f(x + 1e-4 * t) - f(x - 1e-4 * t)) / 2e-4
    np.testing.assert_allclose(pool.MaxPoolRop(ignore_border)(x, t, *geometry).eval(), wanted, atol=1e-8)
    np.testing.assert_allclose(T.Rop(best, v, T.constant(t)).eval({v: x}), wanted, atol=1e-8)
    found = pool.DownsampleFactorMaxGradGrad(ignore_border)(v, best, t, *geometry).eval({v: x})
    np.testing.assert_allclose(found, wanted, atol=1e-8)


def test_pads_that_pooling_cannot_have_are_refused_early():
    x = T.dtensor4()
    with pytest.raises(NotImplementedError, match="ignore_border"):
        pool.pool_2d(x, (2, 2), ignore_border=False, pad=(1, 1))
    with pytest.raises(NotImplementedError, match="smaller"):
        pool.pool_2d(x, (2, 2), ignore_border=True, pad=(2, 0))


def test_frames_are_convolved_in_time_rows_and_columns():
    x, w = rng.randn(2, 5, 2, 6, 5), rng.randn(3, 2, 2, 3, 2)
    turned = T.nnet.conv3d(x.transpose(0, 2, 1, 3, 4), w.transpose(0, 2, 1, 3, 4)).eval().transpose(0, 2, 1, 3, 4)
    np.testing.assert_allclose(conv3d2d.conv3d(x, w).eval(), turned)
    mixed = conv3d2d.conv3d(x, w, x.shape, w.shape, ("full", "valid", "half")).eval()
    assert mixed.shape == (2, 6, 3, 4, 6)
    np.testing.assert_allclose(mixed[:, 1:-1, :, :, 1:-1], turned)
    with pytest.raises(ValueError):
        conv3d2d.conv3d(x, w, border_mode="same")


def test_diagonals_of_two_axes():
    x = rng.rand(5, 2, 3)
    found = conv3d2d.diagonal_subtensor(x, 0, 2).eval()
    assert found.shape == (3, 2, 3)
    for t in range(3):
        for j in range(3):
            np.testing.assert_array_equal(found[t, :, j], x[t + 2 - j, :, j])
    T.verify_grad(lambda v: conv3d2d.diagonal_subtensor(v, 0, 2) ** 3, [x], rng=rng)
    T.verify_grad(lambda v, a: conv3d2d.inc_diagonal_subtensor(v, 0, 2, a) ** 2, [x, rng.rand(3, 2, 3)], rng=rng)
    with pytest.raises(NotImplementedError):
        conv3d2d.diagonal_subtensor(x, 1, 2).eval()


def test_batch_normalization_ops_agree_with_the_functions():
    x, scale, bias = rng.randn(4, 3, 2, 2), rng.rand(1, 3, 1, 1) + 0.5, rng.randn(1, 3, 1, 1)
    mean, variance = rng.randn(1, 3, 1, 1), rng.rand(1, 3, 1, 1)
    axes = (0, 2, 3)

    def wide(v):
        return T.addbroadcast(T.as_tensor_variable(v), *axes)

    op = bn.AbstractBatchNormTrain(axes)
    found = op(x, scale, bias, 1e-3, 0.2, mean, variance)
    wanted = bn.batch_normalization_train(x, wide(scale), wide(bias), axes, 1e-3, 0.2, wide(mean), wide(variance))
    for one, other in zip(found, wanted, strict=True):
        assert one.broadcastable == other.broadcastable
        np.testing.assert_allclose(one.eval(), other.eval())
    # In a function the op is written out: no node of it is left, and no step is Python's.
    f = theano.function([], found)
    assert not any(isinstance(n.op, bn.AbstractBatchNormTrain) for n in f.maker.fgraph.toposort())
    slope = T.grad(sum((o**2).sum() for o in found[:1]), found[0].owner.inputs[0])
    g = theano.function([], slope)
    assert not any(isinstance(n.op, bn.AbstractBatchNormTrainGrad) for n in g.maker.fgraph.toposort())
    plain = theano.function([], [slope, *found], mode="FAST_COMPILE")()
    np.testing.assert_allclose(g(), plain[0], atol=1e-12)
    for one, other in zip(f(), plain[1:]):
        np.testing.assert_allclose(one, other)
    scalars = [np.float64(v) for v in (3.0, 1.0, 2.0, 0.5, 0.25)]
    assert bn.BNComposite("float64").impl(*scalars) == (3 - 1) * (0.5 / 2) + 0.25
    inference = bn.AbstractBatchNormInference(axes)(x, scale, bias, mean, variance, 1e-3)
    wanted = bn.batch_normalization_test(x, wide(scale), wide(bias), wide(mean), wide(variance), axes, 1e-3)
    np.testing.assert_allclose(inference.eval(), wanted.eval())

    def everything(x, s, b, m, v):
        outputs = op(x, wide(s), wide(b), 1e-3, 0.2, wide(m), wide(v))
        return sum((o**2).sum() * (i + 1) for i, o in enumerate(outputs))

    T.verify_grad(everything, [x, scale, bias, mean, variance], rng=rng)

    def slope(x, s, b):
        x, s, b = x * 1.0, wide(s), wide(b)
        return T.grad((op(x, s, b)[0] ** 3).sum(), x)

    T.verify_grad(slope, [x, scale, bias], rng=rng)
    with pytest.raises(TypeError):
        bn.AbstractBatchNormTrain("spatial")
    with pytest.raises(ValueError):
        op(x, scale[0], bias)
    with pytest.raises(ValueError):
        op(x, scale, bias, running_mean=mean)


def test_layers_that_were_ops():
    m, v = T.dmatrix(), T.dvector()
    value = rng.randn(3, 4)
    f = theano.function([m, v], T.nnet.SoftmaxWithBias()(m, v))
    wanted = np.exp(value + value[0]) / np.exp(value + value[0]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(f(value, value[0]), wanted)
    for op, first in ((T.nnet.prepend_0_to_each_row, 0), (T.nnet.Prepend_scalar_constant_to_each_row(2.5), 2.5)):
        np.testing.assert_array_equal(op(m).eval({m: value}), np.insert(value, 0, first, axis=1))
    T.verify_grad(T.nnet.prepend_scalar_to_each_row, [np.array(0.3), value], rng=rng)
    with pytest.raises(TypeError):
        T.nnet.Prepend_scalar_constant_to_each_row("a")
    with pytest.raises(ValueError):
        T.nnet.softmax_with_bias(v, v)


def test_first_fourier_transform_and_the_smallest_op(capsys):
    frames = rng.rand(3, 8)
    np.testing.assert_allclose(fourier.half_fft(frames, 8, 1)[0].eval(), np.fft.fft(frames)[:, :4])
    np.testing.assert_allclose(fourier.ifft(frames, 4, 0)[0].eval(), np.fft.ifft(frames, 4, 0))
    with pytest.raises(ValueError, match="odd"):
        fourier.half_fft(frames, 3, 0)[0].eval()
    np.testing.assert_allclose(fourier.dct_matrix(5, 5) @ fourier.dct_matrix(5, 5).T, np.eye(5), atol=1e-12)
    assert minimal.minimal(T.constant([1, 2])).eval() == 0
    assert "1 arguments" in capsys.readouterr().out


def test_gradients_of_averages_take_padding_as_wide_as_the_windows():
    rng = np.random.RandomState(0)
    x, g, w, p = T.dmatrix(), T.dmatrix(), T.lvector(), T.lvector()
    values, slopes = rng.rand(4, 5), rng.rand(7, 3)
    for mode in ("sum", "average_inc_pad", "average_exc_pad"):
        op = T.signal.pool.AveragePoolGrad(ignore_border=True, mode=mode, ndim=2)
        back = op(x, g, (2, 3), (1, 2), (2, 1))
        found = theano.function([x, g], back)(values, slopes)
        # The transpose of the pooling, whose windows are known only when it runs.
        pooled = T.signal.pool.Pool(ignore_border=True, mode=mode, ndim=2)(x, w, np.array([1, 2]), p)
        across = theano.function([x, w, p], pooled)(values, [2, 3], [2, 1])
        np.testing.assert_allclose((found * values).sum(), (across * slopes).sum())
        theano.gradient.verify_grad(
            lambda d, op=op: op(T.constant(values), d, (2, 3), (1, 2), (2, 1)), [slopes], rng=rng
        )


def test_gradients_of_old_convolutions_take_sizes_by_name():
    from theano.tensor.nnet.corr import CorrMM_gradInputs, CorrMM_gradWeights
    from theano.tensor.nnet.corr3d import Corr3dMM_gradInputs

    x, w, g = T.tensor4(), T.tensor4(), T.tensor4()
    sizes = T.as_tensor_variable([7, 8])
    for op, first in ((CorrMM_gradInputs, w), (CorrMM_gradWeights, x)):
        by_name = op(subsample=(2, 2))(first, g, shape=sizes)
        assert by_name.owner.op == op(subsample=(2, 2))(first, g, sizes).owner.op
    w5, g5 = T.tensor5(), T.tensor5()
    found = Corr3dMM_gradInputs(subsample=(2, 2, 2))(w5, g5, height=7, width=8, depth=9)
    shape = theano.function([w5, g5], found.shape)(np.ones((4, 3, 3, 3, 3)), np.ones((2, 4, 3, 3, 4)))
    assert shape.tolist() == [2, 3, 7, 8, 9]
