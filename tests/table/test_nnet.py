"""Ops of layers: each against its reference in many layouts and sizes, its derivatives, its shapes, fused and pickled.

As ``test_ops``: a case is a function of variables, some draws of arguments, and which derivatives there are.
"""

import inspect
import zlib

import numpy as np
import pytest
from opchecks import as_list, check_derivatives, check_values, variables_like

import theano.tensor as T
from theano.tensor.nnet import abstract_conv as ac
from theano.tensor.nnet import bn, conv3d2d, ctc
from theano.tensor.nnet.blocksparse import sparse_block_dot, sparse_block_outer
from theano.tensor.nnet.corr import CorrMM
from theano.tensor.nnet.neighbours import images2neibs, neibs2images
from theano.tensor.signal import conv as signal_conv
from theano.tensor.signal import pool
from theon.graph.op import Op
from theon.graph.traverse import io_toposort
from theon.nnet.moments import Moments, NormalizationSums
from theon.nnet.pool import MaxPoolTangent


def F(*shape, low=-2.0, high=2.0, dtype="float64"):
    return lambda rng: rng.uniform(low, high, shape).astype(dtype)


def distinct(*shape):
    """Values that differ by far more than the step of a difference quotient."""
    return lambda rng: (rng.permutation(int(np.prod(shape))) / 3.0 - 1).reshape(shape)


def I(*shape, low=0, high=3, dtype="int64"):  # noqa: E743
    return lambda rng: rng.randint(low, high, shape).astype(dtype)


def flat(p, *axes):
    return T.addbroadcast(p, *axes)


def normalized(x, s, b, m, v):
    s, b, m, v = (flat(p, 0, 2, 3) for p in (s, b, m, v))
    return bn.AbstractBatchNormTrain((0, 2, 3))(x, s, b, 1e-3, 0.2, m, v)


IMAGES, FILTERS = F(2, 4, 6, 5), F(3, 4, 2, 3)
SMALL = F(1, 3, 1, 1, low=0.5)
CASES = {
    "conv2d": (lambda x, w: T.nnet.conv2d(x, w), [[IMAGES, FILTERS], [F(0, 4, 6, 5), FILTERS], [F(1, 1, 2, 3), F(1, 1, 2, 3)]], "2"),
    "conv2d of float32": (lambda x, w: T.nnet.conv2d(x, w, border_mode="half"), [[F(2, 3, 6, 5, dtype="float32"), F(4, 3, 3, 3, dtype="float32")]], "-"),
    "conv2d in groups, padded, in steps": (
        lambda x, w: T.nnet.conv2d(
            x, w, border_mode=((1, 0), (0, 2)), subsample=(2, 1), filter_flip=False, filter_dilation=(1, 2), num_groups=2
        ),
        [[IMAGES, F(6, 2, 2, 2)]], "2",
    ),
    "conv2d, unshared": (lambda x, w: T.nnet.conv2d(x, w, unshared=True), [[F(2, 2, 4, 4), F(3, 3, 2, 2, 2, 3)]], "2"),
    "conv2d of integers": (lambda x, w: T.nnet.conv2d(x, w), [[I(2, 2, 4, 4, dtype="int32"), I(3, 2, 2, 2, dtype="int32")]], "-"),
    "conv2d_grad_wrt_inputs": (
        lambda w, g: ac.conv2d_grad_wrt_inputs(g, w, (2, 4, 6, 5), border_mode="full", subsample=(2, 1)),
        [[FILTERS, F(2, 3, 4, 7)]], "2",
    ),
    "conv2d_grad_wrt_weights": (
        lambda x, g: ac.conv2d_grad_wrt_weights(x, g, (3, 4, 2, 3), border_mode=(1, 0), filter_dilation=(2, 1)),
        [[IMAGES, F(2, 3, 6, 3)]], "2",
    ),
    "conv3d": (lambda x, w: T.nnet.conv3d(x, w, border_mode=(1, 0, 1), subsample=(1, 2, 1)), [[F(2, 2, 3, 5, 4), F(3, 2, 2, 3, 2)]], "2"),
    "convolutions of other kinds": (
        lambda x, w, v: [ac.separable_conv2d(x, w, v, 4), ac.causal_conv1d(x[:, :, :, 0], w[:, :1, :, 0].repeat(4, 1), (4, 4, 2))],
        [[IMAGES, F(4, 1, 2, 2), F(3, 4, 1, 1)]], "2",
    ),
    "older convolutions": (lambda x, w: [CorrMM("half")(x, w), signal_conv.conv2d(x[:, 0], w[0, 0])], [[IMAGES, FILTERS]], "2"),
    "conv3d of frames": (lambda x, w: conv3d2d.conv3d(x, w), [[F(2, 4, 2, 4, 3), F(3, 2, 2, 2, 2)]], "2"),
    "diagonals": (lambda x: conv3d2d.diagonal_subtensor(x, 0, 2), [[F(5, 2, 3)]], "2"),
    "added diagonals": (lambda x, a: conv3d2d.inc_diagonal_subtensor(x, 0, 2, a), [[F(5, 2, 3), F(3, 2, 3)]], "2"),
    "largest of windows": (lambda x: pool.pool_2d(x, (2, 3), True, (1, 2), (1, 0)), [[distinct(2, 2, 5, 6)], [distinct(1, 1, 2, 3)]], "2"),
    "largest of windows that are cut": (lambda x: pool.pool_2d(x, (2, 3), False), [[distinct(2, 2, 5, 7)], [F(0, 2, 5, 7)]], "2"),
    "means of windows": (
        lambda x: [pool.pool_2d(x, (2, 3), True, pad=(1, 1), mode=m) for m in ("sum", "average_inc_pad", "average_exc_pad")],
        [[F(2, 2, 5, 6)]], "2",
    ),
    "windows of volumes": (lambda x: [pool.pool_3d(x, (2, 2, 1), True), pool.pool_3d(x, (2, 2, 3), False, mode="sum")], [[distinct(1, 2, 3, 4, 5)]], "2"),
    "only the largest": (lambda x: pool.max_pool_2d_same_size(x, (2, 2)), [[distinct(2, 2, 4, 6)]], "1"),
    "gradient of the largest": (
        lambda x, g: pool.MaxPoolGrad(True)(x, pool.pool_2d(x, (2, 2), True), g, (2, 2)), [[distinct(2, 2, 4, 6), F(2, 2, 2, 3)]], "2",
    ),
    "forward derivative of the largest": (
        lambda x, t: MaxPoolTangent(True, "max", 2)(x, pool.pool_2d(x, (2, 2), True), t, (2, 2)), [[distinct(2, 2, 4, 6), F(2, 2, 4, 6)]], "2",
    ),
    "patches": (
        lambda x: [images2neibs(x, (2, 3), mode="ignore_borders"), images2neibs(x, (3, 3), (1, 1), "half"), images2neibs(x, (3, 3), (2, 2), "wrap_centered")],
        [[F(2, 2, 4, 6)], [F(1, 1, 5, 5)]], "2",
    ),
    "images of patches": (lambda n: neibs2images(n, (2, 3), (2, 1, 4, 6)), [[F(8, 6)]], "2"),
    "upsampling": (lambda x: [ac.bilinear_upsampling(x, 2), ac.bilinear_upsampling(x, frac_ratio=(3, 2))], [[F(2, 2, 3, 4)]], "2"),
    "batch normalization": (
        lambda x, s, b: bn.batch_normalization_train(x, s, b, "spatial"), [[F(4, 3, 2, 2), F(3), F(3)]], "2",
    ),
    "batch normalization with averages": (normalized, [[F(4, 3, 2, 2), SMALL, SMALL, SMALL, SMALL]], "2"),
    "moments": (
        lambda x: [*Moments((0, 2, 3))(x), *Moments((0,))(x), *Moments((1, 2))(x), *Moments((0, 1, 2, 3))(x), *Moments((0,))(x[0, 0, 0])],
        [[F(4, 3, 2, 5)], [F(1, 3, 2, 1)], [F(70, 2, 1, 3)]], "2",
    ),
    "sums of normalization": (
        lambda x, g, m: [
            s for axes in ((0, 2, 3), (0,), (1, 2, 3), (0, 1, 2, 3))
            for s in NormalizationSums(axes)(x, T.exp(g), Moments(axes)(m + 0 * x)[0])
        ],
        [[F(4, 3, 2, 5), F(4, 3, 2, 5), F(1, 1, 1, 1)], [F(0, 3, 2, 5), F(0, 3, 2, 5), F(1, 1, 1, 1)]], "2",
    ),
    "gradient of batch normalization": (
        lambda x, g, s, m, v: bn.AbstractBatchNormTrainGrad((0, 2, 3))(x, g, *(flat(p, 0, 2, 3) for p in (s, m, v))),
        [[F(4, 3, 2, 2), F(4, 3, 2, 2), SMALL, SMALL, SMALL]], "r",
    ),
    "normalization by statistics given": (
        lambda x, s, b, m, v: [bn.batch_normalization_test(x, s, b, m, abs(v), "per-activation"), bn.batch_normalization(x, s, b, m, 1 + v**2)],
        [[F(4, 3), F(3), F(3), F(3), F(3, low=0.5)]], "2",
    ),
    "block products": (
        lambda W, h, b, i, o: sparse_block_dot(W, h, i, b, o), [[F(4, 5, 3, 2), F(2, 3, 3), F(5, 2), I(2, 3, high=4), I(2, 2, high=5)]], "2",
    ),
    "block outer products": (
        lambda o, x, y, i, j: sparse_block_outer(o, x, y, i, j, 0.5), [[F(4, 5, 3, 2), F(2, 3, 3), F(2, 2, 2), I(2, 3, high=4), I(2, 2, high=5)]], "2",
    ),
    "ctc": (lambda z, y, n: ctc.ctc(z, y, n), [[F(6, 3, 4), I(3, 2, low=-1, high=4), I(3, low=4, high=7)], [F(3, 0, 4), I(0, 2), I(0)]], "r"),
    "layers that were ops": (
        lambda x, b: [T.nnet.softmax_with_bias(x, b), T.nnet.prepend_1_to_each_row(x), T.nnet.prepend_scalar_to_each_row(b[0], x)], [[F(3, 4), F(4)]], "2",
    ),
    "two-level softmax": (
        lambda x, a, b, c, d: T.nnet.h_softmax(x, 4, 5, 3, 2, a, b, c, d), [[F(4, 6), F(6, 3), F(3), F(3, 6, 2), F(3, 2)]], "2",
    ),
}  # fmt: skip
# Classes whose nodes are those of others, and what other tests have: each with the reason.
ALLOWED = dict.fromkeys(
    ["ConvOp", "CorrMM", "CorrMM_gradInputs", "CorrMM_gradWeights", "Corr3dMM", "Corr3dMM_gradInputs", "Corr3dMM_gradWeights"],
    "makes nodes of other ops; tests/nnet/test_older_ops.py",
) | dict.fromkeys(
    ["MaxPoolGrad", "AveragePoolGrad", "MaxPoolRop", "DownsampleFactorMaxGradGrad", "SoftmaxWithBias"],
    "makes nodes of other ops; tests/nnet/test_older_ops.py",
) | dict.fromkeys(
    ["Prepend_scalar_constant_to_each_row", "Prepend_scalar_to_each_row", "AbstractBatchNormInference"],
    "makes nodes of other ops; tests/nnet/test_older_ops.py",
) | dict.fromkeys(
    ["BaseAbstractConv", "BaseCorrMM", "BaseCorr3dMM", "AbstractConv", "AbstractConv_gradInputs", "AbstractConv_gradWeights"],
    "a base class",
) | {"BNComposite": "a scalar op; tests/nnet/test_older_ops.py", "LabelStates": "of integers alone; tests/nnet/test_ctc.py"}  # fmt: skip


def drawn(name):
    rng = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
    return rng, [[make(rng) for make in draw] for draw in CASES[name][1]]


@pytest.mark.parametrize("name", CASES)
def test_value(name):
    rng, draws = drawn(name)
    check_values(CASES[name][0], [[np.asarray(v) for v in values] for values in draws], rng)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] != "-"])
def test_derivatives(name):
    rng, draws = drawn(name)
    build, _, kinds = CASES[name]
    check_derivatives(build, [np.asarray(v) for v in draws[0]], rng, second=kinds == "2", forward=kinds in "12")


def test_every_op_is_in_the_table():
    covered = set()
    for name, (build, _, kinds) in CASES.items():
        _, draws = drawn(name)
        inputs = variables_like([np.asarray(v) for v in draws[0]])
        outputs = as_list(build(*inputs))
        if kinds != "-":
            wrt = [x for x in inputs if x.type.dtype == "float64"]
            outputs += T.grad(sum(o.sum() for o in outputs), wrt, disconnected_inputs="ignore")
        covered |= {type(node.op).__name__ for node in io_toposort(inputs, outputs)}
    found, waiting = set(), [Op]
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            own = [f for f in vars(cls).values() if inspect.isfunction(f)]
            home = own[0].__globals__["__name__"] if own else ""
            if home.startswith("theon.nnet.") and not cls.__name__.startswith("_"):
                found.add(cls.__name__)
    missing = found - covered - set(ALLOWED)
    assert not missing, f"ops without a case in this table: {sorted(missing)}"
    assert not set(ALLOWED) & covered, "an op that is allowed to be missing has a case"
