"""Draws from rows of probabilities are native, with the reference's outcomes and errors."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theon.random.multinomial import ChoiceFromUniform, MultinomialFromUniform
from theon.schedule.step import PythonCall

rng = np.random.RandomState(9)


def native(f):
    return not any(isinstance(step, PythonCall) for step in f._native.program.steps)


def rows(dtype, *shape):
    found = rng.rand(*shape) ** 3
    return (found / found.sum(axis=1, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("result", ["int64", "int8", "auto"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outcomes_are_those_of_the_reference(dtype, result):
    p, u, n = T.matrix(dtype=dtype), T.dvector(), T.lscalar()
    ops = MultinomialFromUniform(result), ChoiceFromUniform(result, True), ChoiceFromUniform(result, False)
    outs = [op(p, u, n) for op in ops]
    f, g = theano.function([p, u, n], outs), theano.function([p, u, n], outs, mode="FAST_COMPILE")
    assert native(f)
    for m, k, count in [(40, 7, 5), (3, 300, 9), (4, 1, 1), (0, 3, 2), (3, 5, 0)]:
        values = rows(dtype, m, k)
        numbers = rng.rand(m * count)
        numbers[:2] = 1.0  # above all sums, perhaps: no outcome
        for got, wanted in zip(f(values, numbers, count), g(values, numbers, count), strict=True):
            assert got.dtype == wanted.dtype
            np.testing.assert_array_equal(got, wanted)
    for wrong in ((rows(dtype, 2, 3), rng.rand(8), 4), (rows(dtype, 2, 3), rng.rand(5), 2)):
        for each in (f, g):
            with pytest.raises(ValueError, match="n samples bigger|unis.shape"):
                each(*wrong)


def test_running_sums_are_of_float64_as_in_theano():
    # In float32 the sum of these stays below the number; Theano adds in double precision.
    p = np.full((1, 10), 0.1, "float32")
    u = np.array([np.cumsum(p[0], dtype="float64")[6] - 1e-9])
    assert np.cumsum(p[0], dtype="float32")[6] != np.cumsum(p[0], dtype="float64")[6]
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        x, v = T.fmatrix(), T.dvector()
        f = theano.function(
            [x, v], [MultinomialFromUniform("int64")(x, v), ChoiceFromUniform("int64")(x, v)], mode=mode
        )
        counts, columns = f(p, u)
        assert counts.argmax() == columns[0, 0] == 6


def test_draws_of_the_streams_have_no_python_step():
    p = T.matrix()
    streams = MRG_RandomStreams(7)
    draws = [
        streams.multinomial(pvals=p, n=3), streams.choice(size=2, p=p), streams.choice(size=2, p=p, replace=False),
        streams.truncated_normal(p.shape), streams.binomial(p.shape, n=3, p=0.3),
    ]  # fmt: skip
    f = theano.function([p], draws)
    assert native(f)
    counts, several, different, cut, _ = f(rows(theano.config.floatX, 6, 4))
    assert counts.sum(axis=1).tolist() == [3] * 6
    assert ((several >= 0) & (several < 4)).all()
    assert (different[:, 0] != different[:, 1]).all()
    assert abs(cut).max() < 2 / 0.8796


def test_one_outcome_of_one_keeps_the_pattern_of_its_probabilities():
    streams = MRG_RandomStreams(234)
    weights = streams.uniform(size=(T.matrix().shape[0], 1))
    for p in (weights / weights.sum(), np.full((10, 1), 0.1)):
        assert streams.multinomial(pvals=p).type.broadcastable == (False, True)
        assert streams.choice(p=p).type.broadcastable == (False, True)
    assert streams.choice(p=T.matrix()).type.broadcastable == (False, False)
    assert streams.choice(size=3, p=T.col()).type.broadcastable == (False, False)
