"""Gradients that are given, undefined, or with respect to integers."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof.null_type import NullType


def test_a_known_gradient_of_the_cost_replaces_its_one():
    x = T.dscalar("x")
    cost = x**2
    f = theano.function([x], T.grad(cost, x, known_grads={cost: T.constant(3.0)}))
    assert f(2.0) == 12


def test_a_known_gradient_of_a_variable_counts_alone_also_where_another_is_computed_from_it():
    x = T.dscalar("x")
    y = 3 * x
    z = y**2
    g = T.grad(None, x, known_grads={y: T.constant(1.0), z: T.constant(1.0)})
    assert theano.function([x], g, on_unused_input="ignore")(2.0) == 3


def test_a_known_gradient_is_spread_over_its_variable():
    x = T.dmatrix("x")
    y = x * 2
    g = T.grad(None, x, known_grads={y: T.constant(1.0)})
    assert theano.function([x], g)(np.ones((2, 3))).tolist() == [[2.0] * 3] * 2
    with pytest.raises(TypeError, match="more dimensions"):
        T.grad(None, x, known_grads={y: T.constant(np.zeros((1, 1, 1)))})
    with pytest.raises(TypeError, match="continuous"):
        T.grad(None, x, known_grads={y: T.constant(1)})


def test_known_gradients_that_say_undefined_or_disconnected_are_heard():
    x, y = T.iscalars("xy")
    cost = x + y
    with pytest.raises(theano.gradient.NullTypeGradError):
        T.grad(cost, [x, y], known_grads={cost: NullType()()})
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(cost, [x, y], known_grads={cost: theano.gradient.DisconnectedType()()})


def test_a_function_of_an_undefined_gradient_is_refused():
    a = T.dvector("a")
    with pytest.raises(TypeError, match="contains a NaN.*not implemented"):
        theano.function([a], theano.gradient.grad_not_implemented(T.add, 0, a), on_unused_input="ignore")


def test_the_gradient_with_respect_to_an_integer_is_that_at_the_float():
    rng = np.random.RandomState(0)
    weights, bias, x = rng.randn(3, 4), rng.randn(4), rng.randint(-3, 4, (5, 3))
    slopes = []
    for v in (T.imatrix("x"), T.dmatrix("x")):
        cost = (T.nnet.sigmoid(T.dot(v, weights) + bias) * (v.sum() + 0.5) + T.exp(v.mean())).sum()
        g = T.grad(cost, v)
        assert g.dtype == "float64"
        slopes.append(theano.function([v], g)(x.astype(v.dtype)))
    # The sum of integers is an integer, a step function; that of floats is not.
    difference = slopes[1] - slopes[0]
    np.testing.assert_allclose(difference, np.full((5, 3), (1 / (1 + np.exp(-x @ weights - bias))).sum()))
    n = T.iscalar("n")
    assert theano.function([n], T.grad(T.cast(n, "int64") * 1.5, n))(2) == 0
    assert theano.function([n], T.grad(n**2 // 2 * 1.5, n))(2) == 0


def test_ops_that_change_only_the_gradient_are_gone_from_the_compiled_graph():
    x = T.dscalar("x")
    ops = theano.gradient
    y = ops.grad_clip(x, -1, 1) ** 2 + ops.grad_scale(x, 3.0) + ops.zero_grad(x) + ops.disconnected_grad(x)
    f = theano.function([x], [y, T.grad(y, x)])
    kinds = (ops.GradClip, ops.GradScale, ops.ZeroGrad, ops.DisconnectedGrad)
    assert not any(isinstance(node.op, kinds) for node in f.maker.fgraph.toposort())
    assert [float(v) for v in f(2.0)] == [10.0, 4.0]
