"""Loops called many times leave no memory behind, whether they succeed or a step fails; the error names the step."""

import resource

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse


def grown(call, times):
    """Kilobytes by which the process grew over ``times`` calls."""
    for _ in range(200):
        call()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(times):
        call()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def test_memory_is_flat_over_10_000_calls():
    x, h0, W = T.dmatrix("x"), T.dvector("h0"), T.dmatrix("W")
    hs, _ = theano.scan(lambda a, h: ifelse(a[0] > 0, T.tanh(a + T.dot(h, W)), h * 0.5), x, h0)
    f = theano.function([x, h0, W], [hs, *T.grad((hs**2).sum(), [x, h0, W])])
    rng = np.random.RandomState(0)
    values = rng.randn(6, 30), rng.randn(30), rng.randn(30, 30) * 0.1
    assert grown(lambda: f(*values), 10_000) < 2_000


def test_step_that_fails_leaks_nothing_and_is_named():
    x, places, total = T.dvector("x"), T.lvector("places"), theano.shared(0.0)

    @theano.compile.ops.as_op([T.dscalar], [T.dvector])
    def wide(v):
        if v > 2:
            raise RuntimeError("too large")
        return np.full(2000, float(v))

    rows, updates = theano.scan(lambda a: (wide(a) * 2, {total: total + a}), x, name="widener")
    f = theano.function([x], rows, updates=updates)

    def call():
        with pytest.raises(RuntimeError, match="too large") as info:
            f([1.0, 2.0, 3.0])
        return info

    info = call()
    text = "\n".join([str(info.value), *getattr(info.value, "__notes__", [])])
    assert "step 2" in text and "widener" in text
    assert total.get_value() == 0
    assert grown(call, 500) < 4_000
    picked, _ = theano.scan(lambda i: x[i] * T.ones((2000,)), places)
    g = theano.function([x, places], picked)

    def outside():
        with pytest.raises(IndexError):
            g([1.0, 2.0], [0, 1, 5])

    assert grown(outside, 500) < 4_000
