"""Long graphs, cut into programs that run one after another."""

import pickle
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theon.compile import pieces, pipeline


def chain(n):
    x, w = T.dvector("x"), theano.shared(np.array([0.5, 1.0]), "w")
    y = x
    for k in range(n):
        y = T.sin(y) * w if k % 3 else T.cos(y) + x
    cost = y.sum()
    return [x], [y, cost, T.grad(cost, x)], [(w, w - 0.1 * T.grad(cost, w))], w


@pytest.fixture
def short_pieces(monkeypatch):
    monkeypatch.setattr(pipeline, "_LARGEST_NATIVE", 50)
    monkeypatch.setattr(pieces, "_SIZE", 20)


def test_pieces_compute_what_the_whole_computes(short_pieces):
    inputs, outputs, updates, w = chain(25)
    f = theano.function(inputs, outputs, updates=updates)
    assert len(f.maker._made.stages.programs) > 3
    given = np.array([0.3, -2.0])
    reference = theano.function(inputs, [*outputs, updates[0][1]], mode="FAST_COMPILE")
    for _ in range(2):
        *expected, new = reference(given)
        for a, b in zip(f(given), expected):
            np.testing.assert_allclose(a, b, rtol=1e-11)
        np.testing.assert_allclose(w.get_value(), new, rtol=1e-11)
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(again(given)[0], f(given)[0])
    assert "piece 0 of" in theon.explain(f)
    assert f([0.3, -2])[1].shape == ()  # arguments are converted as ever


def test_an_error_in_a_piece_names_the_node_and_changes_nothing(short_pieces):
    inputs, outputs, updates, w = chain(25)
    i = T.lscalar("i")
    f = theano.function([*inputs, i], outputs[0][i], updates=updates)
    before = w.get_value()
    with pytest.raises(IndexError, match=r"(?s)index 7 is out of bounds.*Subtensor.*test_pieces.py"):
        f([0.3, -2.0], 7)
    np.testing.assert_array_equal(w.get_value(), before)
    with pytest.raises(ValueError, match="broadcast"):
        f([0.3, -2.0, 1.0], 0)


def test_values_that_native_code_does_not_hold_pass_through_pieces(short_pieces):
    x = T.zvector("x")
    y = x
    for _ in range(60):
        y = y * 0.5 + x
    given = np.array([1 + 2j, 3.0])
    found = theano.function([x], [y, abs(y)])(given)
    np.testing.assert_allclose(found[0], 2 * given)
    np.testing.assert_allclose(found[1], abs(2 * given))


def test_a_long_chain_at_the_default_recursion_limit(monkeypatch):
    assert sys.getrecursionlimit() == 1000
    monkeypatch.setattr(pipeline, "_LARGEST_NATIVE", 1000)
    x = T.dvector("x")
    y = x
    for k in range(1200):
        y = T.sin(y) if k % 2 else y + x
    f = theano.function([x], [y.sum(), T.grad(y.sum(), x)])
    assert len(f.maker.fgraph.apply_nodes) > 2000 and f.maker._made.stages is not None
    value, slope = f(np.ones(3))
    assert np.isfinite(value) and slope.shape == (3,)
    assert pickle.loads(pickle.dumps(y)).type == y.type
