"""Batch normalization as sweeps: how often the data are read, and what is left of them where they lie far from 0."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet.bn import batch_normalization_train
from theon.schedule.step import KernelStep, NativeCall, PythonCall

SPATIAL, ROWS = ((8, 3, 6, 5), "spatial"), ((50, 7), "per-activation")
rng = np.random.RandomState(3)


def like(shape):
    return T.TensorType("float32", (False,) * len(shape))()


def statistics(x, axes):
    found = (0, *range(2, x.ndim)) if axes == "spatial" else (0,)
    wide = x.astype("float64")
    return wide.mean(axis=found), 1 / np.sqrt(wide.var(axis=found) + 1e-4)


@pytest.mark.parametrize(
    ("shape", "axes"), [SPATIAL, ROWS, ((4, 5, 1, 1), "spatial"), ((6, 2, 3, 4), "per-activation")]
)
def test_statistics_keep_their_digits_far_from_zero(shape, axes):
    v = like(shape)
    small = (1,) * (len(shape) - 1) if axes == "spatial" else shape[1:]
    gamma = np.ones(shape[1:2] if axes == "spatial" else small, "float32")
    outs = batch_normalization_train(v, T.as_tensor_variable(gamma), T.as_tensor_variable(0 * gamma), axes)
    f = theano.function([v], outs[1:])
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    for shift, scale in ((0, 1), (1e4, 1), (-300, 1e-2), (0, 1e4)):
        x = (rng.standard_normal(shape) * scale + shift).astype("float32")
        x[0] += np.float32(100 * scale)  # the first row, around which others are summed, lies away from the rest
        mean, invstd = f(x)
        wanted = statistics(x, axes)
        np.testing.assert_allclose(mean, wanted[0], rtol=2e-6)
        np.testing.assert_allclose(invstd, wanted[1], rtol=1e-5)
    assert np.isnan(f(np.full(shape, np.nan, "float32"))[0]).all()
    infinite = rng.standard_normal(shape).astype("float32")
    infinite[0] = np.inf
    assert (f(infinite)[0] == np.inf).all()
    np.testing.assert_allclose(f(np.full(shape, 7.0, "float32"))[1], 100, rtol=1e-5)


def sweeps(f, ndim):
    """How many operands of the kernels of a program are whole arrays: read, and written."""
    steps = f._native.program.steps
    assert not any(isinstance(s, PythonCall | NativeCall) for s in steps)
    reads, writes = 0, 0
    for step in steps:
        if isinstance(step, KernelStep):
            whole = [(o.kind, given[0]) for o, given in zip(step.kernel.operands, step.operands) if len(o.axes) == ndim]
            sizes = [f._native.program.tensors[n].sizes for _, n in whole]
            kept = {w for w, s in zip(whole, sizes) if s is None or sum(n.op == "const" for n in s) == 0}
            reads += sum(kind == "read" for kind, _ in kept)
            writes += sum(kind == "write" for kind, _ in kept)
    return reads, writes


@pytest.mark.parametrize(("shape", "axes"), [SPATIAL, ROWS])
def test_data_are_read_twice_forward_and_twice_back(shape, axes):
    x, g = like(shape), like(shape)
    gamma, beta = T.fvector(), T.fvector()
    y = T.nnet.relu(batch_normalization_train(x, gamma, beta, axes)[0])
    f = theano.function([x, gamma, beta], y)
    assert sweeps(f, len(shape)) == (2, 1)
    # Back: data and gradient for the sums, both again for the result; what the rectifier lets through is in no memory.
    slopes = T.grad(None, [x, gamma, beta], known_grads={y: g})
    back = theano.function([x, g, gamma, beta], slopes)
    assert sweeps(back, len(shape)) == (1 + 4, 1)


@pytest.mark.parametrize(("shape", "axes"), [SPATIAL, ROWS])
def test_gradients_are_those_of_the_formula(shape, axes):
    x = T.TensorType("float64", (False,) * len(shape))()
    g, gamma, beta = x.type(), T.dvector(), T.dvector()
    along = (0, *range(2, len(shape))) if axes == "spatial" else (0,)
    spread = ["x", 0, *["x"] * (len(shape) - 2)]
    y, mean, invstd = batch_normalization_train(x, gamma, beta, axes)
    m, v = x.mean(along, keepdims=True), x.var(along, keepdims=True)
    by_hand = (x - m) / T.sqrt(v + 1e-4) * gamma.dimshuffle(*spread) + beta.dimshuffle(*spread)
    costs = [(T.tanh(y) * g).sum() + (mean * invstd).sum(), (T.tanh(by_hand) * g).sum() + (m / T.sqrt(v + 1e-4)).sum()]
    f = theano.function([x, g, gamma, beta], [T.grad(cost, [x, gamma, beta]) for cost in costs][0])
    h = theano.function([x, g, gamma, beta], [T.grad(cost, [x, gamma, beta]) for cost in costs][1])
    values = [rng.standard_normal(shape), rng.standard_normal(shape), *rng.uniform(0.5, 2, (2, shape[1]))]
    for got, wanted in zip(f(*values), h(*values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-10)


def test_integers_are_normalised_as_floats():
    v = T.imatrix()
    f = theano.function([v], batch_normalization_train(v, T.ones(2), T.zeros(2))[0])
    np.testing.assert_allclose(f(np.array([[1, 5], [3, 5]], "int32")), [[-0.99995, 0], [0.99995, 0]], atol=1e-5)


def test_one_running_average_alone():
    v, old = T.dmatrix(), T.dvector()
    outs = batch_normalization_train(v, T.ones(2), T.zeros(2), running_mean=old)
    assert len(outs) == 4
    f = theano.function([v, old], outs[3])
    np.testing.assert_allclose(f([[1, 2], [3, 4]], [0, 10]), [0.2, 9.3])
