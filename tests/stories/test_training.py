"""Whole programs in Theano's style."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T


def test_the_counter_program():
    state = theano.shared(0)
    x = T.iscalar("x")
    assert repr(type(state)) == "<class 'theano.tensor.sharedvar.ScalarSharedVariable'>"
    assert repr(type(x)) == repr(type(x + state)) == "<class 'theano.tensor.var.TensorVariable'>"
    counter = theano.function([x], state, updates=[(state, state + x)])
    assert counter(5) == 0
    assert repr(state.get_value(borrow=True)) == "array(5)"
    assert counter(6) == 5
    assert state.get_value() == 11
    state += x
    with pytest.raises(AttributeError, match="'TensorVariable' object has no attribute 'get_value'"):
        state.get_value()


def logistic(rng, n=200, d=8, k=3):
    x = rng.randn(n, d)
    y = (x @ rng.randn(d, k)).argmax(axis=1).astype("int32")
    return x, y


def test_gradient_descent_with_givens_learns_and_matches_numpy():
    rng = np.random.RandomState(0)
    data, labels = logistic(rng)
    train_x, train_y = theano.shared(data, borrow=True), theano.shared(labels, borrow=True)
    index, x, y = T.lscalar("index"), T.matrix("x"), T.ivector("y")
    W, b = theano.shared(np.zeros((8, 3)), "W"), theano.shared(np.zeros(3), "b")
    p = T.nnet.softmax(T.dot(x, W) + b)
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    dW, db = T.grad(cost, [W, b])
    batch = slice(index * 20, (index + 1) * 20)
    train = theano.function(
        [index], cost, updates=[(W, W - 0.5 * dW), (b, b - 0.5 * db)], givens={x: train_x[batch], y: train_y[batch]}
    )
    error = theano.function([], T.mean(T.neq(T.argmax(p, axis=1), y)), givens={x: train_x, y: train_y})
    w, c = np.zeros((8, 3)), np.zeros(3)
    for _ in range(3):
        for i in range(10):
            rows, target = data[i * 20 : i * 20 + 20], labels[i * 20 : i * 20 + 20]
            z = rows @ w + c
            q = np.exp(z - z.max(1, keepdims=True))
            q /= q.sum(1, keepdims=True)
            expected = -np.log(q[np.arange(20), target]).mean()
            q[np.arange(20), target] -= 1
            w, c = w - 0.5 * rows.T @ q / 20, c - 0.5 * q.sum(0) / 20
            np.testing.assert_allclose(train(i), expected, rtol=1e-10)
    np.testing.assert_allclose(W.get_value(), w, rtol=1e-9, atol=1e-12)
    assert error() < 0.1


def test_updates_are_simultaneous():
    a, b = theano.shared(1.0), theano.shared(2.0)
    theano.function([], updates=[(a, b), (b, a)])()
    assert (a.get_value(), b.get_value()) == (2.0, 1.0)


def test_a_failing_call_updates_nothing():
    a, b = theano.shared(np.zeros(2)), theano.shared(np.zeros(3))
    v = T.dvector("v")
    f = theano.function([v], updates=[(a, a + 1), (b, b + v)])
    with pytest.raises(ValueError):
        f(np.ones(2))
    assert not a.get_value().any() and not b.get_value().any()


def test_outputs_do_not_alias_shared_storage():
    a = theano.shared(np.zeros(3))
    f = theano.function([], a, updates=[(a, a + 1)])
    out = f()
    f()
    assert not out.any()
    out[:] = 7
    np.testing.assert_array_equal(a.get_value(), [2, 2, 2])


def test_copies_and_pickles_of_functions():
    s, t = theano.shared(0.0, "s"), theano.shared(10.0, "t")
    x = T.dscalar("x")
    f = theano.function([x], x + s, updates=[(s, s + 1)])
    g = f.copy(swap={s: t})
    assert (f(1.0), g(1.0)) == (1.0, 11.0)
    assert (s.get_value(), t.get_value()) == (1.0, 11.0)
    h = pickle.loads(pickle.dumps(f))
    assert h(1.0) == 2.0 and s.get_value() == 1.0
    still = f.copy(delete_updates=True)
    assert still(0.0) == 1.0 and s.get_value() == 1.0


def test_inputs_with_defaults_and_state():
    x, y = T.dscalars("x", "y")
    f = theano.function([x, theano.In(y, value=2.0, name="why")], x * y)
    assert f(3.0) == 6.0 and f(3.0, 5.0) == 15.0 and f(3.0, why=4.0) == 12.0
    f["why"] = 10.0
    assert f(1.0) == 10.0
    accumulate = theano.function([x, theano.In(y, value=0.0, update=y + x)], y)
    assert [float(accumulate(1.0)) for _ in range(3)] == [0.0, 1.0, 2.0]


def test_output_forms():
    x = T.dscalar("x")
    assert theano.function([x], {"b": x, "a": 2 * x})(1.0) == {"a": 2.0, "b": 1.0}
    assert [float(v) for v in theano.function([x], [x, x + 1])(1.0)] == [1.0, 2.0]
    assert theano.function([x], None, on_unused_input="ignore")(1.0) is None
    assert theano.function([x], [x, x + 1])(1.0, output_subset=[1]) == [2.0]


def test_user_ops_in_theanos_form():
    class Double(theano.Op):
        __props__ = ()

        def make_node(self, x):
            x = T.as_tensor_variable(x)
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0] * 2

        def grad(self, inputs, output_grads):
            return [output_grads[0] * 2]

    x = T.dvector("x")
    y = Double()(x)
    f = theano.function([x], [y, T.grad((y**2).sum(), x)])
    value, gradient = f([1.0, 2.0])
    np.testing.assert_array_equal(value, [2, 4])
    np.testing.assert_array_equal(gradient, [8, 16])
    assert Double() == Double()


def test_a_deep_graph_needs_no_recursion():
    x = T.dscalar("x")
    y = x
    for _ in range(20_000):
        y = T.tanh(y)
    f = theano.function([x], T.grad(y, x), mode="FAST_COMPILE")
    assert 0 < f(0.001) <= 1
    assert pickle.loads(pickle.dumps(y)).type == y.type
