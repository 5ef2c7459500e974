"""CTC costs are sums over all paths, enumerated one by one; gradients are those of differences."""

import itertools

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet.ctc import ConnectionistTemporalClassification, ctc
from theon.nnet.ctc import cost_and_gradient
from theon.schedule.step import PythonCall


def by_enumeration(scores, labels):
    """The cost of one sequence (steps, classes): every path is walked."""
    steps, classes = scores.shape
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(classes), repeat=steps):
        merged = [c for c, _ in itertools.groupby(path)]
        if [c for c in merged if c] == list(labels):
            total += np.prod([p[t, c] for t, c in enumerate(path)])
    return -np.log(total) if total else np.inf


@pytest.mark.parametrize("seed", range(12))
def test_costs_are_sums_over_paths_and_gradients_are_differences(seed):
    rng = np.random.RandomState(seed)
    steps, batch, classes, most = rng.randint(0, 6), rng.randint(0, 4), rng.randint(1, 4), rng.randint(0, 4)
    z = rng.randn(steps, batch, classes)
    labels = rng.randint(1, classes + 1, (batch, most))
    labels[labels == classes] = -1  # padding, also between labels
    lengths = rng.randint(0, steps + 1, batch)
    costs, gradient = cost_and_gradient(z, labels, lengths)
    assert gradient.shape == z.shape
    for b in range(batch):
        wanted = by_enumeration(z[: lengths[b], b], [c for c in labels[b] if c >= 0])
        np.testing.assert_allclose(costs[b], wanted)
    for place in np.ndindex(*z.shape):
        moved = [z.copy(), z.copy()]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        plus, minus = (cost_and_gradient(v, labels, lengths, False)[0][place[1]] for v in moved)
        wanted = (plus - minus) / 2e-5 if np.isfinite(plus) else 0.0
        np.testing.assert_allclose(gradient[place], wanted, atol=1e-8)


def test_long_sequences_neither_overflow_nor_underflow():
    rng = np.random.RandomState(1)
    z = (rng.randn(600, 2, 30) * 40).astype("float32")
    labels = rng.randint(1, 30, (2, 100))
    costs, gradient = cost_and_gradient(z, labels, np.array([600, 400]))
    assert np.isfinite(costs).all()
    assert (costs > 0).all()
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient.sum(axis=2), 0, atol=1e-9)
    assert not gradient[400:, 1].any()


def test_a_network_learns_labels_without_alignment():
    F = theano.config.floatX
    x, labels, lengths = T.tensor3("x"), T.imatrix("labels"), T.ivector("lengths")
    W = theano.shared(np.zeros((4, 4), F))
    cost = ctc(T.dot(x, W), labels, lengths).mean()
    train = theano.function([x, labels, lengths], cost, updates=[(W, W - 2.0 * T.grad(cost, W))])
    rng = np.random.RandomState(0)
    labels_value = rng.randint(1, 4, (20, 3)).astype("int32")
    value = np.zeros((9, 20, 4), F)
    value[:, :, 0] = 1  # a bias
    for b, row in enumerate(labels_value):
        for place, c in enumerate(row):
            value[3 * place : 3 * place + 2, b, c] = 1
    arguments = (value, labels_value, np.full(20, 9, "int32"))
    first = train(*arguments)
    for _ in range(150):
        last = train(*arguments)
    assert last < 0.1 * first


def test_what_does_not_fit_is_refused():
    z, labels, lengths = T.tensor3("z"), T.imatrix("labels"), T.ivector("lengths")
    with pytest.raises(ValueError, match="3 dimensions"):
        ctc(T.matrix(), labels, lengths)
    with pytest.raises(TypeError, match="labels"):
        ctc(z, T.matrix(), lengths)
    with pytest.raises(TypeError, match="activations"):
        ctc(T.itensor3(), labels, lengths)
    f = theano.function([z, labels, lengths], ctc(z, labels, lengths))
    value = np.zeros((3, 2, 4), theano.config.floatX)
    good = np.ones((2, 2), "int32")
    with pytest.raises(ValueError, match="lengths"):
        f(value, good, np.array([3, 4], "int32"))
    with pytest.raises(ValueError, match="class"):
        f(value, good * 4, np.array([3, 3], "int32"))
    with pytest.raises(ValueError, match="rows of labels"):
        f(value, good[:1], np.array([3, 3], "int32"))
    assert f(value, good, np.array([1, 3], "int32")).tolist()[0] == np.inf
    only = ConnectionistTemporalClassification(compute_grad=False)(z, labels, lengths)
    g = theano.function([z, labels, lengths], [only, T.grad(only.sum(), z)])
    costs, gradient = g(value, good, np.array([3, 3], "int32"))
    np.testing.assert_allclose(costs, f(value, good, np.array([3, 3], "int32")))
    assert gradient.any()


def test_gradients_that_nobody_reads_are_not_computed():
    z, labels, lengths = T.tensor3("z"), T.imatrix("labels"), T.ivector("lengths")
    cost = ctc(z, labels, lengths).mean()
    for outputs, wanted in ((cost, False), ([cost, T.grad(cost, z)], True)):
        f = theano.function([z, labels, lengths], outputs)
        (op,) = [n.op for n in f.maker.fgraph.toposort() if isinstance(n.op, ConnectionistTemporalClassification)]
        assert op.compute_grad is wanted


def drawn(seed):
    rng = np.random.RandomState(seed)
    steps, batch, classes, most = rng.randint(0, 6), rng.randint(0, 4), rng.randint(1, 4), rng.randint(0, 4)
    labels = rng.randint(1, classes + 1, (batch, most))
    labels[labels == classes] = -1
    return rng, rng.standard_normal((steps, batch, classes)) * 2, labels, rng.randint(0, steps + 1, batch)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_machine_code_agrees_with_numpy(dtype):
    z, labels, lengths = T.TensorType(dtype, (False,) * 3)(), T.imatrix(), T.bvector()
    cost = ctc(z, labels, lengths)
    f = theano.function([z, labels, lengths], [cost, T.grad(cost.sum(), z)])
    alone = theano.function([z, labels, lengths], cost)
    assert not any(isinstance(s, PythonCall) for g in (f, alone) for s in g._native.program.steps)
    tolerance = 1e-5 if dtype == "float32" else 1e-11
    for seed in range(40):
        _, value, names, counts = drawn(seed)
        value = np.asfortranarray(value.astype(dtype)) if seed % 2 else value.astype(dtype)
        arguments = value, names.astype("int32"), counts.astype("int8")
        for got, wanted in zip(f(*arguments), cost_and_gradient(*arguments), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)
        np.testing.assert_array_equal(alone(*arguments), f(*arguments)[0])


def test_the_gradient_is_differentiated_again():
    z, v, labels, lengths = T.dtensor3(), T.dtensor3(), T.lmatrix(), T.lvector()
    slope = T.grad(ctc(z, labels, lengths).sum(), z)
    f = theano.function([z, v, labels, lengths], T.grad((slope * v).sum(), z))
    for seed in range(25):
        rng, value, names, counts = drawn(seed)
        way = rng.standard_normal(value.shape)
        ahead, behind = (cost_and_gradient(value + s * way, names, counts)[1] for s in (1e-6, -1e-6))
        np.testing.assert_allclose(f(value, way, names, counts), (ahead - behind) / 2e-6, atol=1e-7)
