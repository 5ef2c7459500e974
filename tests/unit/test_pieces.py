"""Long graphs, cut into programs that run one after another."""

import pickle
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theon.compile import pieces, pipeline, stretches


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
    monkeypatch.setattr(stretches, "_SIZE", 20)


def test_pieces_compute_what_the_whole_computes(short_pieces):
    inputs, outputs, updates, w = chain(25)
    f = theano.function(inputs, outputs, updates=updates)
    assert len(f.maker._made.stages.steps) > 3
    given = np.array([0.3, -2.0])
    reference = theano.function(inputs, [*outputs, updates[0][1]], mode="FAST_COMPILE")
    for _ in range(2):
        *expected, new = reference(given)
        for a, b in zip(f(given), expected):
            np.testing.assert_allclose(a, b, rtol=1e-11)
        np.testing.assert_allclose(w.get_value(), new, rtol=1e-11)
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(again(given)[0], f(given)[0])
    assert "program 0, which runs 1 of" in theon.explain(f)
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


def test_equal_pieces_share_one_program_whatever_their_constants(short_pieces):
    x = T.dvector("x")
    y = x
    for k in range(200):
        y = T.tanh(y) * (1 + 0.001 * k) + 0.3 * k
    cost = y.sum()
    f = theano.function([x], [cost, T.grad(cost, x)])
    made = f.maker._made.stages
    assert len(made.steps) > 30 and len(made.programs) < 10
    given = np.array([0.3, -2.0, 0.1])
    for a, b in zip(f(given), theano.function([x], [cost, T.grad(cost, x)], mode="FAST_COMPILE")(given)):
        np.testing.assert_allclose(a, b, rtol=1e-11)


def test_numbers_of_single_precision_and_of_no_dimension_are_handed_over(short_pieces):
    x, s = T.fvector("x"), T.dscalar("s")
    y, z = x, s
    for k in range(60):
        y = T.sin(y) * np.float32(1 + 0.01 * k)
        z = T.cos(z) + 0.1 * k
    f = theano.function([x, s], [y, z])
    assert len(f.maker._made.stages.programs) < len(f.maker._made.stages.steps)
    expected = theano.function([x, s], [y, z], mode="FAST_COMPILE")([0.5, 1.5], 0.7)
    for a, b in zip(f([0.5, 1.5], 0.7), expected):
        np.testing.assert_allclose(a, b, rtol=1e-5)
        assert a.dtype == b.dtype


def test_a_long_graph_that_hardly_repeats_itself_runs_node_by_node(short_pieces, monkeypatch):
    monkeypatch.setattr(pieces, "_MOST_NODES", 60)
    monkeypatch.setattr(pieces, "_MOST_ALONE", 4)
    ops = [T.sin, T.cos, T.tanh, T.exp, abs, T.sqr, T.sqrt]
    rng = np.random.RandomState(0)
    x = T.dvector("x")
    y = x
    for _ in range(120):
        y = T.tanh(ops[rng.randint(len(ops))](y) + x)
    f = theano.function([x], y)
    made = f.maker._made.stages
    assert sum(len(piece.stretch.nodes) == 1 for piece, *_ in made.steps) > 100
    assert any(piece.code is None for piece, *_ in made.steps) and len(made.programs) < 10
    given = np.array([0.3, 0.2])
    np.testing.assert_allclose(f(given), theano.function([x], y, mode="FAST_COMPILE")(given), rtol=1e-11)


class Doubled(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        if inputs[0][0] > 1e3:
            raise ValueError(f"node {node.inputs[0].name}")
        outputs[0][0] = inputs[0] * 2


def test_an_op_in_python_names_its_own_node_in_each_of_equal_pieces(short_pieces):
    x = T.dvector("x")
    y = x
    for k in range(80):
        y = T.sqrt(Doubled()(y))
        y.name = f"y{k}"
    f = theano.function([x], y * 2)
    np.testing.assert_allclose(f([1.0]), [4.0], rtol=1e-6)
    z = x
    for k in range(60):
        z = T.sqrt(Doubled()(z)) * (1e6 if k == 50 else 1)
        z.name = f"z{k}"
    with pytest.raises(ValueError, match="node z50"):
        theano.function([x], z)([1.0])


def test_a_period_longer_than_a_piece_is_cut_at_the_same_places_each_time(short_pieces):
    x = T.dvector("x")
    ops = [T.sin, T.cos, T.tanh, T.exp, T.sqr]
    order = [ops[k] for k in np.random.RandomState(1).randint(5, size=27)]
    y = x
    for _ in range(12):
        for op in order:
            y = op(y) + x
        y = T.tanh(y)
    f = theano.function([x], y)
    made = f.maker._made.stages
    assert len(made.steps) >= 24 and len(made.programs) <= len(made.steps) // 2
    np.testing.assert_allclose(f([0.1]), theano.function([x], y, mode="FAST_COMPILE")([0.1]), rtol=1e-9)
