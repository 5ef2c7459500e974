"""Draws of both kinds of streams are those of Theano 1.0.5 for the same seed (tests/data/random.*)."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams

DATA = Path(__file__).parents[1] / "data"
ORACLE = json.loads((DATA / "random.json").read_text())
VALUES = np.load(DATA / "random.npz")
P = np.asarray(ORACLE["P"])
STREAMS = {"MRG": MRG_RandomStreams, "RandomStreams": RandomStreams}
CASES = [case for case in ORACLE["cases"] if "stream" in case]


def assert_same(got, wanted):
    assert got.dtype == wanted.dtype
    assert got.shape == wanted.shape
    tolerance = 1e-6 if got.dtype == "float32" else 1e-12
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['key']}-{case['expression']}")
def test_draws(case):
    stream = STREAMS[case["stream"]](case["seed"])
    names = {"s": stream, "T": T, "np": np, "P": P, "P2": P[:2]}
    if case["stream"] == "MRG" and "a=3" in case["expression"]:
        with pytest.raises(TypeError):
            eval(case["expression"], names)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        draw = eval(case["expression"], names)
    f = theano.function([], draw)
    if "raises" in case:
        # Theano refuses these: sizes of 0, several trials, choices with replacement (docs/differences.md).
        if "(0,)" in case["expression"]:
            assert f().shape == (0,)
        elif "binomial" in case["expression"]:
            assert f().min() >= 0
            assert f().max() <= 5
        else:
            pytest.fail(f"{case} should have been refused")
        return
    assert draw.dtype == case["dtype"]
    assert list(draw.broadcastable) == case["broadcastable"]
    for call in range(case["calls"]):
        assert_same(f(), VALUES[f"{case['key']}_{call}"])


@pytest.mark.parametrize("name", STREAMS)
def test_two_draws_with_and_without_updates_and_after_seeding(name):
    s = STREAMS[name](7)
    draws = [s.uniform((2,)), s.normal((2,))]
    f = theano.function([], draws)
    g = theano.function([], draws, no_default_updates=True)
    found = [*f(), *g(), *g(), *f()]
    s.seed(9)
    found += [*f(), *f()]
    for place, value in enumerate(found):
        assert_same(value, VALUES[f"two_draws_{name}_{place}"])


def test_one_draw_used_twice_is_one_draw():
    s = RandomStreams(5)
    u = s.uniform((2,))
    first = VALUES["same_variable_cancels_0"]
    assert_same(theano.function([], u - u)(), first)
    assert not first.any()
    assert_same(theano.function([], u)(), VALUES["same_variable_cancels_1"])
    words = u.rng.get_value(borrow=True).get_state()[1][:5]
    np.testing.assert_array_equal(words, VALUES["same_variable_cancels_2"])


def test_streams_and_draws_lie_their_distances_apart():
    s = MRG_RandomStreams(123)
    first = s.rstate
    streams = s.get_substream_rstates(700, "float64")
    from theano.sandbox.rng_mrg import A1p72, A1p134

    def jumped(matrix, x):
        return [sum(int(a) * int(b) for a, b in zip(row, x)) % (2**31 - 1) for row in matrix]

    for k in (0, 1, 2, 511, 698):
        assert jumped(A1p72, streams[k, :3]) == streams[k + 1, :3].tolist()
    assert jumped(A1p134, first[:3]) == s.rstate[:3].tolist()


def test_draws_as_parameters_of_draws_and_dropout_masks():
    s = MRG_RandomStreams(3)
    x = T.matrix("x")
    mask = s.binomial(n=1, p=0.5, size=x.shape, dtype=theano.config.floatX)
    f = theano.function([x], [mask, T.grad((x * mask).sum(), x)])
    m, g = f(np.ones((300, 100), theano.config.floatX))
    np.testing.assert_array_equal(m, g)
    assert 0.47 < m.mean() < 0.53
    assert (f(np.ones((300, 100), theano.config.floatX))[0] != m).any()
    assert f(np.ones((0, 4), theano.config.floatX))[0].shape == (0, 4)


def test_bad_seeds_and_sizes_are_refused_and_keep_the_state():
    for seed in (0, 2**31, [0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], -4):
        with pytest.raises(ValueError):
            MRG_RandomStreams(seed)
    with pytest.raises(TypeError):
        MRG_RandomStreams([1, 2])
    s = MRG_RandomStreams(5)
    n = T.lvector("n")
    u = s.uniform(n, ndim=2)
    f = theano.function([n], u)
    before = u.rng.get_value()
    with pytest.raises(ValueError, match="negative"):
        f([-1, 2])
    np.testing.assert_array_equal(u.rng.get_value(), before)
    assert f([3, 2]).shape == (3, 2)
    with pytest.raises(ValueError, match="negative"):
        s.uniform((-1,))


def test_shared_states_are_random_states():
    s = RandomStreams(1)
    u = s.uniform((2,))
    assert isinstance(s[u.rng], np.random.RandomState)
    s[u.rng] = np.random.RandomState(77)
    np.testing.assert_array_equal(theano.function([], u)(), np.random.RandomState(77).uniform(size=2))
    with pytest.raises(KeyError):
        s[theano.shared(0)]
    with pytest.raises(TypeError):
        s[u.rng] = 3


def test_binomial_counts_trials_and_choices_can_repeat():
    s = MRG_RandomStreams(11)
    counts = theano.function([], s.binomial((20000,), n=5, p=0.3))()
    assert abs(counts.mean() - 1.5) < 0.05
    assert abs(counts.var() - 5 * 0.3 * 0.7) < 0.05
    chosen = theano.function([], s.choice(5000, p=P, replace=True))()
    assert chosen.shape == (3, 5000)
    for row, p in zip(chosen, P):
        np.testing.assert_allclose(np.bincount(row, minlength=3) / 5000, p, atol=0.03)
