"""Rewrites: the graphs they leave, and the numbers they keep."""

import numpy as np
import pytest

import theano
import theano.tensor as T

PLAIN = theano.compile.mode.Mode("py", None)


def ops(f):
    return [str(node.op) for node in f.maker.fgraph.toposort()]


def test_equal_nodes_are_computed_once():
    x = T.dvector("x")
    f = theano.function([x], T.exp(x) + T.exp(x))
    assert sum("exp" in op for op in ops(f)) == 1


def test_constants_are_folded():
    x = T.dscalar("x")
    f = theano.function([x], x * (T.constant(2.0) + T.constant(3.0)))
    assert len(ops(f)) == 1 and f(1.0) == 5.0


@pytest.mark.parametrize(
    "build, values, expected",
    [
        (lambda x: T.log(1 + x), [1e-20], [1e-20]),
        (lambda x: T.exp(x) - 1, [1e-20], [1e-20]),
        (lambda x: T.log(T.nnet.sigmoid(x)), [-800.0], [-800.0]),
        (lambda x: T.log(1 + T.exp(x)), [800.0], [800.0]),
        (lambda x: 1 - T.nnet.sigmoid(x), [40.0], [np.exp(-40.0)]),
    ],
)
def test_stabilised_formulas_keep_their_precision(build, values, expected):
    x = T.dvector("x")
    np.testing.assert_allclose(theano.function([x], build(x))(values), expected, rtol=1e-12)
    usual = np.linspace(0.1, 2, 7)
    np.testing.assert_allclose(theano.function([x], build(x))(usual), theano.function([x], build(x), mode=PLAIN)(usual))


@pytest.mark.parametrize("crossentropy", [True, False])
def test_softmax_with_log_likelihood_survives_extreme_scores(crossentropy):
    x, y = T.dmatrix("x"), T.lvector("y")
    p = T.nnet.softmax(x)
    nll = T.nnet.categorical_crossentropy(p, y) if crossentropy else -T.log(p)[T.arange(y.shape[0]), y]
    f = theano.function([x, y], [nll.sum(), T.grad(nll.sum(), x)])
    value, gradient = f([[1000.0, 0.0], [0.0, 0.0]], [1, 0])
    np.testing.assert_allclose(value, 1000 + np.log(2))
    np.testing.assert_allclose(gradient, [[1, -1], [-0.5, 0.5]], atol=1e-12)
