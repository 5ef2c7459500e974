"""Advanced indexing and likelihoods in native code against NumPy."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import PythonCall

RNG = np.random.RandomState(0)
X, X3 = RNG.randn(6, 5), RNG.randn(3, 4, 5)
I, J, M = np.array([0, 3, -1, 2, 3]), np.array([1, 1, 4, -5, 0]), np.array([[0, 1], [2, 3]])
V, W = RNG.randn(5, 5), RNG.randn(5)
x, t, v, w = T.dmatrix("x"), T.dtensor3("t"), T.dmatrix("v"), T.dvector("w")
i, j, m = T.lvector("i"), T.lvector("j"), T.lmatrix("m")
VALUES = {x: X, t: X3, i: I, j: J, m: M, v: V, w: W}


def called(outputs, inputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f(*(VALUES[a] for a in inputs))


@pytest.mark.parametrize(
    ("symbolic", "inputs", "expected"),
    [
        (x[i], [x, i], X[I]),
        (x[i, j], [x, i, j], X[I, J]),
        (x[:, j], [x, j], X[:, J]),
        (x[m], [x, m], X[M]),
        (t[:, m], [t, m], X3[:, M]),
        (t[:, T.constant([0, 1, 2, 3, -1]), j], [t, j], X3[:, [0, 1, 2, 3, -1], J]),
        (T.arange(i[1], i[1] * 4, 2), [i], np.arange(3, 12, 2)),
        (T.arange(7, 0, -3), [], np.arange(7, 0, -3)),
    ],
)
def test_gather(symbolic, inputs, expected):
    out = called(symbolic, inputs)
    assert out.shape == expected.shape
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("index", "values", "inputs"),
    [
        ((i,), v, [x, i, v]),
        ((i,), w, [x, i, w]),
        ((i, j), w, [x, i, j, w]),
        ((slice(None), j), 1.5, [x, j]),
        ((m,), v[:2, :2].dimshuffle(0, 1, "x"), [x, m, v]),
    ],
)
@pytest.mark.parametrize("adds", [True, False])
def test_scatter(index, values, inputs, adds):
    out = called((T.inc_subtensor if adds else T.set_subtensor)(x[index], values), inputs)
    known = tuple(VALUES.get(a, a) if not isinstance(a, slice) else a for a in index)
    number = V[:2, :2, None] if values not in (v, w) and not isinstance(values, float) else VALUES.get(values, values)
    expected = X.copy()
    if adds:
        np.add.at(expected, known, number)
    else:
        expected[known] = number
    np.testing.assert_allclose(out, expected)


@pytest.mark.parametrize("bad", [6, -7, 2**40])
def test_position_outside_is_an_index_error(bad):
    f = theano.function([x, i], x[i])
    with pytest.raises(IndexError, match="out of bounds"):
        f(X, np.array([0, bad]))
    g = theano.function([x, i], T.inc_subtensor(x[i], 1))
    with pytest.raises(IndexError, match="out of bounds"):
        g(X, np.array([0, bad]))


def test_no_positions():
    f = theano.function([x, i], [x[i], T.inc_subtensor(x[i], 1)])
    rows, same = f(X, np.zeros(0, int))
    assert rows.shape == (0, 5)
    np.testing.assert_array_equal(same, X)


z, y = T.fmatrix("z"), T.ivector("y")
p = T.nnet.softmax(z)
ROWS = T.arange(y.shape[0])


@pytest.mark.parametrize(
    "cost",
    [
        -T.mean(T.log(p)[ROWS, y]),
        -T.mean(T.log(p[ROWS, y])),
        -T.mean(T.nnet.logsoftmax(z)[ROWS, y]),
        T.nnet.categorical_crossentropy(p, y).mean(),
        T.nnet.crossentropy_softmax_1hot(z, y)[0].mean(),
    ],
)
def test_every_way_to_write_the_likelihood_gives_its_value_and_gradient_natively(cost):
    f = theano.function([z, y], [cost, T.grad(cost, z)])
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    Z, Y = (RNG.randn(7, 11) * 50).astype("float32"), RNG.randint(0, 11, 7).astype("int32")
    value, gradient = f(Z, Y)
    d = Z.astype("float64") - Z.max(1, keepdims=True)
    log_p = d - np.log(np.exp(d).sum(1, keepdims=True))
    expected = np.exp(log_p)
    expected[np.arange(7), Y] -= 1
    np.testing.assert_allclose(value, -log_p[np.arange(7), Y].mean(), rtol=1e-6)
    np.testing.assert_allclose(gradient, expected / 7, rtol=1e-5, atol=1e-8)
    with pytest.raises(IndexError):
        f(Z, np.full(7, 11, "int32"))


def test_joint_op_gradients():
    rng = np.random.RandomState(1)
    Y = np.array([1, 0, 3])
    for which in (0, 1):
        theano.gradient.verify_grad(
            lambda a, b, which=which: T.nnet.crossentropy_softmax_1hot_with_bias(a, b, Y)[which],
            [rng.randn(3, 4), rng.randn(4)], rng=rng,
        )  # fmt: skip
    dx = T.nnet.nnet.crossentropy_softmax_1hot_with_bias_dx
    theano.gradient.verify_grad(lambda g, s: dx(g, s, Y), [rng.randn(3), rng.rand(3, 4)], rng=rng)
    grad = T.nnet.nnet.crossentropy_categorical_1hot_grad
    theano.gradient.verify_grad(lambda g, c: grad(g, c, Y), [rng.randn(3), rng.rand(3, 4) + 0.5], rng=rng)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_of_probabilities_is_native(dtype):
    rng = np.random.RandomState(0)
    x, y = T.TensorType(dtype, (False,) * 2)(), T.ivector()
    loss = T.nnet.categorical_crossentropy(x, y)
    graphs = [loss, T.grad(loss.mean(), x)]
    native = theano.function([x, y], graphs)
    assert not any(isinstance(step, PythonCall) for step in native._native.program.steps)
    reference = theano.function([x, y], graphs, mode="FAST_COMPILE")
    for rows in (0, 1, 37):
        values, classes = rng.rand(rows, 19).astype(dtype), rng.randint(0, 19, rows).astype("int32")
        for a, b in zip(native(values, classes), reference(values, classes)):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-6)
    with pytest.raises(ValueError, match="label 19 of row 2"):
        native(values, np.full(37, 19, "int32") * (np.arange(37) == 2))
