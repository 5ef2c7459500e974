"""Losses, softmax and activations against their formulas one element at a time, with gradients to the second order."""

import math

import numpy as np
import pytest

import theano
import theano.tensor as T

rng = np.random.RandomState(11)
X, B = rng.randn(4, 5) * 2, rng.randn(5)
Y = np.array([0, 4, 2, 2])
P = rng.dirichlet(np.ones(5), size=4)


def softmax(row):
    e = [math.exp(v - max(row)) for v in row]
    return [v / sum(e) for v in e]


def second_order(function, values):
    """The gradient of a random combination of the gradient, against differences."""
    T.verify_grad(function, values, rng=rng)
    weights = [rng.randn(*np.shape(v)) for v in values]

    def slope(*inputs):
        out = function(*inputs)
        grads = T.grad((out**2).sum(), list(inputs))
        return sum((g * w).sum() for g, w in zip(grads, weights))

    T.verify_grad(slope, values, rng=rng)


def test_softmax_and_its_logarithm():
    wanted = np.array([softmax(list(row)) for row in X])
    np.testing.assert_allclose(T.nnet.softmax(X).eval(), wanted)
    np.testing.assert_allclose(T.nnet.softmax_graph(X).eval(), wanted)
    np.testing.assert_allclose(T.nnet.logsoftmax(X).eval(), np.log(wanted))
    np.testing.assert_allclose(T.nnet.softmax(X[0]).eval(), wanted[:1])
    np.testing.assert_allclose(T.nnet.softmax_with_bias(X, B).eval(), [softmax(list(row)) for row in X + B])
    for function in (T.nnet.softmax, T.nnet.logsoftmax):
        second_order(function, [X])
    v = T.dmatrix("v")
    t = rng.randn(4, 5)
    f = theano.function([v], [T.Rop(T.nnet.softmax(v), v, T.constant(t)), T.nnet.softmax(v)])
    along, p = f(X)
    np.testing.assert_allclose(along, p * (t - (p * t).sum(axis=1, keepdims=True)))


def test_likelihood_of_one_class_a_row_however_it_is_asked_for():
    p = np.array([softmax(list(row)) for row in X + B])
    nll = [-math.log(p[i, c]) for i, c in enumerate(Y)]
    x, b, y = T.dmatrix("x"), T.dvector("b"), T.lvector("y")
    sums = x + b
    asked = [
        T.nnet.crossentropy_softmax_1hot_with_bias(x, b, y)[0],
        T.nnet.crossentropy_softmax_argmax_1hot_with_bias(x, b, y)[0],
        T.nnet.crossentropy_softmax_1hot(sums, y)[0],
        T.nnet.crossentropy_softmax_max_and_argmax_1hot(sums, y)[0],
        T.nnet.categorical_crossentropy(T.nnet.softmax(sums), y),
        T.nnet.crossentropy_categorical_1hot(T.nnet.softmax(sums), y),
        -T.log(T.nnet.softmax(sums))[T.arange(y.shape[0]), y],
        -T.nnet.logsoftmax(sums)[T.arange(y.shape[0]), y],
        T.nnet.categorical_crossentropy(T.nnet.softmax(sums), T.extra_ops.to_one_hot(y, 5)),
    ]
    slope = p.copy()
    slope[np.arange(4), Y] -= 1
    for out in asked:
        got, gx, gb = theano.function([x, b, y], [out, *T.grad(out.sum(), [x, b])])(X, B, Y)
        np.testing.assert_allclose(got, nll)
        np.testing.assert_allclose(gx, slope, atol=1e-12)
        np.testing.assert_allclose(gb, slope.sum(axis=0), atol=1e-12)
    _, sm, best, place = T.nnet.crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, y)
    sm, best, place = theano.function([x, b, y], [sm, best, place])(X, B, Y)
    np.testing.assert_allclose(sm, p)
    np.testing.assert_allclose(best, p.max(axis=1))
    np.testing.assert_array_equal(place, p.argmax(axis=1))
    second_order(lambda x, b: T.nnet.crossentropy_softmax_1hot_with_bias(x, b, Y)[0], [X, B])
    second_order(lambda q: T.nnet.crossentropy_categorical_1hot(q, Y), [P])
    # The other class numbers and shapes that users have.
    for dtype in ("int8", "uint8", "int32"):
        f = theano.function([], T.nnet.categorical_crossentropy(T.constant(P), T.constant(Y.astype(dtype))))
        np.testing.assert_allclose(f(), -np.log(P[np.arange(4), Y]))
    f = theano.function([x, y], T.nnet.crossentropy_softmax_1hot(x, y)[0])
    with pytest.raises(IndexError):
        f(X, Y + 1)
    with pytest.raises(ValueError):
        f(X, Y[:3])
    assert f(np.ones((0, 5)), Y[:0]).shape == (0,)


def test_extreme_scores_keep_their_precision():
    x = T.dmatrix("x")
    wide = np.array([[1000.0, 0.0, -1000.0], [-1e5, 1e5, 0.0]])
    nll = theano.function([x], T.nnet.categorical_crossentropy(T.nnet.softmax(x), T.constant(np.array([2, 2]))))
    np.testing.assert_allclose(nll(wide), [2000.0, 1e5])
    z = T.dvector("z")
    for t, wanted in ((1.0, [800.0, 0.0]), (0.0, [0.0, 800.0])):
        value = np.array([-800.0, 800.0])
        target = np.full(2, t)
        stable = theano.function([z], T.nnet.sigmoid_binary_crossentropy(z, target))
        np.testing.assert_allclose(stable(value), wanted)
        plain = theano.function([z], T.nnet.binary_crossentropy(T.nnet.sigmoid(z), target))
        np.testing.assert_allclose(plain(value), wanted)


def test_binary_cross_entropies():
    t = rng.rand(4, 5)
    wanted = [
        [-(a * math.log(s) + (1 - a) * math.log(1 - s)) for a, s in zip(*rows)] for rows in zip(t, 1 / (1 + np.exp(-X)))
    ]
    np.testing.assert_allclose(T.nnet.sigmoid_binary_crossentropy(X, t).eval(), wanted)
    np.testing.assert_allclose(T.nnet.binary_crossentropy(T.nnet.sigmoid(X), t).eval(), wanted)
    second_order(T.nnet.sigmoid_binary_crossentropy, [X, t])
    second_order(lambda o: T.nnet.binary_crossentropy(o, t), [rng.rand(4, 5) * 0.8 + 0.1])


def ultra_fast_sigmoid(v):
    h = abs(v) / 2
    assert h < 1.7  # the recorded expressions hold values further out
    return 0.5 + math.copysign(0.75 * h / (1 + h), v)


ACTIVATIONS = [
    ("relu", T.nnet.relu, lambda v: v if v > 0 else 0.0),
    ("leaky", lambda x: T.nnet.relu(x, 0.1), lambda v: v if v > 0 else 0.1 * v),
    ("elu", lambda x: T.nnet.elu(x, 0.5), lambda v: v if v > 0 else 0.5 * (math.exp(v) - 1)),
    ("selu", T.nnet.selu, lambda v: 1.0507009873554805 * (v if v > 0 else 1.6732632423543772 * (math.exp(v) - 1))),
    ("softsign", T.nnet.softsign, lambda v: v / (1 + abs(v))),
    ("softplus", T.nnet.softplus, lambda v: math.log1p(math.exp(v))),
    ("sigmoid", T.nnet.sigmoid, lambda v: 1 / (1 + math.exp(-v))),
    ("ultra_fast_sigmoid", T.nnet.ultra_fast_sigmoid, ultra_fast_sigmoid),
    ("hard_sigmoid", T.nnet.hard_sigmoid, lambda v: min(1.0, max(0.0, 0.2 * v + 0.5))),
]


@pytest.mark.parametrize(("name", "function", "formula"), ACTIVATIONS, ids=[a[0] for a in ACTIVATIONS])
def test_activations(name, function, formula):
    values = np.array([[-3.0, -1.1, -0.3], [0.2, 1.3, 2.9]])
    wanted = [[formula(v) for v in row] for row in values]
    np.testing.assert_allclose(function(T.constant(values)).eval(), wanted, rtol=1e-12)
    np.testing.assert_allclose(function(T.constant(values.astype("float32"))).eval(), wanted, rtol=1e-5)
    with theano.configparser.change_flags(floatX="float32"):
        assert function(T.fmatrix()).dtype == "float32"
    second_order(function, [values])


def test_rectifiers_take_a_slope_for_each_channel():
    alpha = np.array([0.1, 0.2, 0.3])
    x = rng.randn(2, 3)
    second_order(T.nnet.relu, [x, alpha])
    np.testing.assert_allclose(T.nnet.relu(x, alpha).eval(), np.where(x > 0, x, alpha * x))


def test_two_level_softmax_is_a_distribution_and_its_target_form_a_part_of_it():
    batch, features, classes, per, outputs = 4, 6, 3, 2, 5
    x = rng.randn(batch, features)
    parameters = [
        rng.randn(*shape) for shape in ((features, classes), (classes,), (classes, features, per), (classes, per))
    ]
    W1, b1, W2, b2 = parameters
    target = np.array([0, 4, 2, 3])
    sizes = (batch, outputs, classes, per)
    every = T.nnet.h_softmax(x, *sizes, *parameters).eval()
    assert every.shape == (batch, outputs)
    for n in range(batch):
        top = softmax(list(x[n] @ W1 + b1))
        for o in range(outputs):
            inner = softmax(list(x[n] @ W2[o // per] + b2[o // per]))
            np.testing.assert_allclose(every[n, o], top[o // per] * inner[o % per])
    chosen = T.nnet.h_softmax(x, *sizes, *parameters, target).eval()
    np.testing.assert_allclose(chosen, every[np.arange(batch), target])
    T.verify_grad(lambda *v: T.log(T.nnet.h_softmax(v[0], *sizes, *v[1:], target)), [x, *parameters], rng=rng)


def test_confusion_matrices_count():
    actual, predicted = np.array([2, 0, 2, 2, 0, 5]), np.array([0, 0, 2, 2, 0, 2])
    counts, order = (v.eval() for v in T.nnet.confusion_matrix(actual, predicted))
    np.testing.assert_array_equal(order, [0, 2, 5])
    np.testing.assert_array_equal(counts, [[2, 0, 0], [1, 2, 0], [0, 1, 0]])
    with pytest.raises(ValueError):
        T.nnet.confusion_matrix(T.lmatrix(), T.lvector())


def test_the_likelihood_of_one_vector_neither_overflows_nor_loses_its_gradient():
    # Softmax of a vector makes a row, whose type kept the stable form away.
    x, y = T.dvector("x"), T.lvector("y")
    rows = T.arange(y.shape[0])
    for cost in (
        -T.log(T.nnet.softmax(x)[rows, y]).sum(),
        -T.log(T.nnet.softmax(x))[rows, y].mean(),
        T.nnet.categorical_crossentropy(T.nnet.softmax(x), y).sum(),
    ):
        value, slope = theano.function([x, y], [cost, T.grad(cost, x)])([0.0, 1000.0], [0])
        assert value == 1000
        np.testing.assert_array_equal(slope, [-1, 1])


def test_inputs_of_joint_ops_have_names():
    x, b, y = T.dmatrix(), T.dvector(), T.ivector()
    nll = T.nnet.crossentropy_softmax_argmax_1hot_with_bias(x=x, b=b, y_idx=y)[0]
    T.nnet.nnet.crossentropy_softmax_1hot_with_bias_dx(dy=b, sm=x, y_idx=y)
    assert theano.function([x, b, y], nll)(np.zeros((2, 2)), np.zeros(2), np.zeros(2, "int32")).shape == (2,)


def test_a_label_that_is_no_class_is_named_by_the_cross_entropies():
    x, b, y = T.fmatrix(), T.fvector(), T.lvector()
    values, bias = np.ones((3, 4), "float32"), np.zeros(4, "float32")
    losses = [
        T.nnet.categorical_crossentropy(x, y),
        T.nnet.categorical_crossentropy(T.nnet.softmax(x), y),
        T.nnet.crossentropy_softmax_argmax_1hot_with_bias(x, b, y)[0],
    ]
    for loss in [*losses, *[T.grad(loss.sum(), x) for loss in losses]]:
        for mode in ("FAST_RUN", "FAST_COMPILE"):
            f = theano.function([x, b, y], loss, mode=mode, on_unused_input="ignore")
            for label in (-1, 4):
                with pytest.raises(ValueError, match=f"label {label} of row 1 .* of 4 classes"):
                    f(values, bias, [0, label, 2])


def test_negative_classes_count_from_the_last_where_the_likelihood_is_written_as_indexing():
    x, y = T.fmatrix(), T.lvector()
    values = np.random.RandomState(0).rand(3, 4).astype("float32")
    rows = T.arange(y.shape[0])
    for likelihood in (T.log(T.nnet.softmax(x))[rows, y], T.nnet.logsoftmax(x)[rows, y]):
        f = theano.function([x, y], [likelihood, T.grad(likelihood.sum(), x)])
        for a, b in zip(f(values, [0, -1, 2]), f(values, [0, 3, 2])):
            np.testing.assert_allclose(a, b, rtol=1e-6)
        with pytest.raises(IndexError):
            f(values, [0, 4, 2])


@pytest.mark.parametrize("form", [lambda p, i, y: T.log(p)[i, y], lambda p, i, y: T.log(p[i, y])])
def test_a_likelihood_written_as_indexing_may_have_fewer_classes_than_rows(form):
    x, y = T.dmatrix(), T.ivector()
    nll = form(T.nnet.softmax(x), T.arange(y.shape[0]), y)
    outs = [nll, T.grad(-nll.mean(), x), nll.shape]
    f, g = theano.function([x, y], outs), theano.function([x, y], outs, mode="FAST_COMPILE")
    for classes in ([0, 2, 1], [4, 0, 3, -1]):
        for got, wanted in zip(f(X, classes), g(X, classes), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)
    for each in (f, g):
        with pytest.raises(IndexError, match="index 4 is out of bounds"):
            each(X, [0] * 5)


def test_the_most_probable_class_beside_a_likelihood_is_native():
    from theon.schedule.step import PythonCall

    x, b, y = T.fmatrix(), T.fvector(), T.lvector()
    outs = T.nnet.crossentropy_softmax_argmax_1hot_with_bias(x, b, y)
    f, g = theano.function([x, b, y], outs), theano.function([x, b, y], outs, mode="FAST_COMPILE")
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    values = X.astype("float32"), B.astype("float32"), Y
    for got, wanted in zip(f(*values), g(*values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5)
        assert got.dtype == wanted.dtype
