"""Loops that keep their state every so many steps: the same values and gradients, memory that does not grow with the steps."""

import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.scan_module import until

X, h0, W = T.dmatrix("X"), T.dvector("h0"), T.dmatrix("W")
rng = np.random.RandomState(0)


def one_state(a, h, W):
    return T.tanh(a + T.dot(h, W)), a.sum() * h[0]


def two_taps(a, before, h, W):
    return T.tanh(a + T.dot(h, W) + 0.3 * before), a.sum() * h[0]


def values(n):
    return [rng.randn(n, 3), rng.randn(3), rng.randn(3, 3) * 0.5]


@pytest.mark.parametrize("step", [one_state, two_taps])
def test_values_and_gradients_are_those_of_the_plain_loop(step):
    start = h0 if step is one_state else dict(initial=T.stack([h0, h0 * 0.5]), taps=[-2, -1])
    calls = [values(n) for n in (0, 1, 5, 7)]
    found = []
    for every in (None, 1, 3, 20):
        options = {} if every is None else {"checkpoint_every": every}
        a, b = theano.scan(step, X, [start, None], W, **options)[0]
        first = T.grad((a**2).sum() + T.sin(b).sum(), [X, h0, W])
        second = T.grad(sum((g**2).sum() for g in first), [X, h0, W]) if every in (None, 3) else []
        f = theano.function([X, h0, W], [a, b, *first, *second])
        found.append([f(*v) for v in calls])
    for other in found[1:]:
        for plain, kept in zip(found[0], other):
            for p, q in zip(plain, kept):
                np.testing.assert_allclose(p, q, rtol=1e-9, atol=1e-12)


def test_scan_checkpoints_returns_every_nth_value_and_the_last():
    (p, q), _ = theano.scan_checkpoints(one_state, [X], [h0, None], [W], save_every_N=5)
    a, b = theano.scan(one_state, X, [h0, None], W)[0]
    places = T.lvector("places")
    f = theano.function([X, h0, W], [p, q, *T.grad((p**2).sum() + q.sum(), [X, h0, W])])
    cost = (a[places] ** 2).sum() + b[places].sum()
    g = theano.function([X, h0, W, places], [a[places], b[places], *T.grad(cost, [X, h0, W])])
    for n in (0, 1, 9, 10, 11):
        v = values(n)
        wanted = [*range(4, n, 5), *([n - 1] if n % 5 else [])]
        for got, want in zip(f(*v), g(*v, np.asarray(wanted, "int64"))):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    with pytest.raises(RuntimeError, match="taps"):
        theano.scan_checkpoints(one_state, dict(input=X, taps=[-1, 0]), [h0, None], [W])
    with pytest.raises(ValueError, match="checkpoint_every"):
        theano.scan(lambda a, h: a + h, X, h0, checkpoint_every=0)


@pytest.mark.parametrize("stop", [0.7, 100.0])
@pytest.mark.parametrize("every", [1, 3])
def test_loops_that_stop_early_have_checkpoints_too(every, stop):
    def outputs(**options):
        step = lambda a, far, near, W: (T.tanh(T.dot(far + a, W) + near), a.sum() * near, until(near[0] > stop))
        start = [dict(initial=T.stack([h0, h0 * 2]), taps=[-2, -1]), None]
        (h, other), _ = theano.scan(lambda *v: (step(*v)[:2], step(*v)[2]), X, start, W, **options)
        cost = (h**2).sum() + T.sin(other[-1]).sum()
        first = T.grad(cost, [X, h0, W])
        return [h, other, *first, T.grad((first[2] ** 2).sum(), h0)]

    plain, chunks = (theano.function([X, h0, W], outputs(**o)) for o in ({}, {"checkpoint_every": every}))
    v = values(11)
    for got, want in zip(chunks(*v), plain(*v), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    ends, _ = theano.scan_checkpoints(lambda a, h: (a + h, until(h[0] > stop)), X, h0, save_every_N=every)
    rows, _ = theano.scan(lambda a, h: (a + h, until(h[0] > stop)), X, h0)
    got, whole = theano.function([X, h0], [ends, rows])(*v[:2])
    places = [*range(every - 1, len(whole), every), *([len(whole) - 1] if len(whole) % every else [])]
    np.testing.assert_allclose(got, whole[places])


@pytest.mark.parametrize("reach", [1, 4, 30])
@pytest.mark.parametrize("every", [2, 5])
def test_truncated_gradients_have_checkpoints_too(every, reach):
    def outputs(**options):
        (h, _), _ = theano.scan(one_state, X, [h0, None], W, truncate_gradient=reach, **options)
        return [h, *T.grad((h**2).sum(), [X, h0, W])]

    plain, chunks = (theano.function([X, h0, W], outputs(**o)) for o in ({}, {"checkpoint_every": every}))
    for n in (1, 4, 11):
        v = values(n)
        for got, want in zip(chunks(*v), plain(*v), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("streams", ["RandomStreams", "MRG"])
def test_updates_and_draws_follow_the_order_of_the_steps(streams):
    x = T.dvector("x")
    found = []
    for options in ({}, {"checkpoint_every": 3}):
        make = theano.sandbox.rng_mrg.MRG_RandomStreams if streams == "MRG" else T.shared_randomstreams.RandomStreams
        s, draws = theano.shared(1.0), make(3)
        out, updates = theano.scan(lambda a: (a + draws.normal(()), {s: s * a}), x, **options)
        f = theano.function([x], out, updates=updates)
        found.append([f(np.arange(1.0, 9)), s.get_value(), f(np.arange(1.0, 9))])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b)


def test_memory_of_a_long_gradient_is_bounded():
    """10,000 steps of 64 KiB: the plain gradient keeps more than 600 MiB, one that keeps every 100th state some MiB."""
    code = """
import resource, sys, numpy as np, theano, theano.tensor as T
h, w = T.dvector("h"), T.dscalar("w")
out, _ = theano.scan(lambda h, w: T.sin(h * w), outputs_info=h, non_sequences=w, n_steps=10_000, checkpoint_every=100)
f = theano.function([h, w], [out[-1].sum(), *T.grad(out[-1].sum(), [h, w])])
assert f._native is not None
f(np.ones(8), 0.5)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
f(np.ones(8192), 0.5)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert grown < 60_000, grown


@pytest.mark.parametrize("every", [None, 1, 2])
def test_first_rows_that_the_last_steps_read_have_gradients(every):
    """Truncated after two of three steps: the first of the two reads a row that was given, two steps before."""
    b, first = T.dscalar("b"), T.dvector("first")
    rows, _ = theano.scan(
        lambda far, near: T.sin(far * b) + near,
        outputs_info=dict(initial=first, taps=[-2, -1]),
        n_steps=3,
        truncate_gradient=2,
        checkpoint_every=every,
    )
    far, near = first[0], first[1]
    cut = theano.gradient.disconnected_grad(T.sin(far * b) + near)
    third = T.sin(near * b) + cut
    unrolled = T.sqr(third) + T.sqr(T.sin(cut * b) + third) + T.sqr(cut)
    found = theano.function([first, b], T.grad(T.sqr(rows).sum(), [first, b]))([0.3, 0.8], 1.2)
    wanted = theano.function([first, b], T.grad(unrolled, [first, b]))([0.3, 0.8], 1.2)
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want)
