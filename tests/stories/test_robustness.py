"""Native calls with random valid and invalid arguments: right answers or clear errors, nothing half-updated."""

import gc
import os

import numpy as np
import pytest

import theano
import theano.tensor as T


def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def a_function():
    x, v, i = T.dmatrix("x"), T.dvector("v"), T.lscalar("i")
    total, count = theano.shared(np.zeros(4)), theano.shared(0)
    y = T.tanh(x[i:] * 2 + v).sum(axis=1) + T.dot(x, v)[i:]
    return theano.function([x, v, i], y, updates=[(total, total + v), (count, count + 1)]), total, count


def expected(x, v, i):
    return np.tanh(x[i:] * 2 + v).sum(axis=1) + x.dot(v)[i:]


def odd(rng, a):
    """The same numbers in another layout, dtype or byte order."""
    forms = [
        lambda: a,
        lambda: np.asfortranarray(a),
        lambda: np.ascontiguousarray(a[::-1])[::-1],
        lambda: np.repeat(a, 2, axis=0)[::2],
        lambda: a.astype(">f8"),
        lambda: a.tolist() if a.size else a,
        lambda: np.frombuffer(b"\0" + a.tobytes(), dtype="u1")[1:].view("f8").reshape(a.shape) if a.size else a,
    ]
    out = forms[rng.randint(len(forms))]()
    if isinstance(out, np.ndarray) and rng.rand() < 0.2:
        out = out.copy()
        out.flags.writeable = False
    return out


def test_random_calls_give_the_answer_or_a_clear_error():
    f, total, count = a_function()
    rng = np.random.RandomState(0)
    sums, calls = np.zeros(4), 0
    for _ in range(3000):
        rows = rng.randint(0, 5)
        x, v, i = rng.randn(rows, 4), rng.randn(4), rng.randint(-7, 7)
        kind = rng.randint(8)
        before = total.get_value()
        if kind < 4:
            np.testing.assert_allclose(f(odd(rng, x), odd(rng, v), i), expected(x, v, i), rtol=1e-10, atol=1e-12)
            sums, calls = sums + v, calls + 1
            np.testing.assert_allclose(total.get_value(), sums)
            assert count.get_value() == calls
            continue
        wrong = [
            (x[0] if rows else x.ravel(), v, i), (x, v[:3], i), (x, v.astype(complex), i), (x, v, 1.5), (x, v, None), ("x", v, i),
            (x[:, :3], v, i), (x, x, i), (x, v, 2**70),
        ][rng.randint(9)]  # fmt: skip
        with pytest.raises((TypeError, ValueError, OverflowError)):
            f(*wrong)
        np.testing.assert_array_equal(total.get_value(), before)
        assert count.get_value() == calls


def test_calls_do_not_leak():
    f, _, _ = a_function()
    x, v = np.ones((3, 4)), np.ones(4)

    def some(n):
        for _ in range(n):
            f(x, v, 1)
            try:
                f(x, v[:2], 1)
            except ValueError:
                pass

    some(500)
    gc.collect()
    before = rss()
    some(3000)
    gc.collect()
    assert rss() - before < 1_000_000


@pytest.mark.parametrize("index", [5, -6, 2**62, -(2**62)])
def test_indices_out_of_bounds_never_reach_memory(index):
    x, i = T.dvector("x"), T.lscalar("i")
    with pytest.raises(IndexError):
        theano.function([x, i], x[i])(np.zeros(5), index)
    with pytest.raises(IndexError):
        theano.function([x, i], T.set_subtensor(x[i], 1.0))(np.zeros(5), index)


@pytest.mark.parametrize("start", [-9, -2, 0, 2, 9])
@pytest.mark.parametrize("stop", [-9, -1, 0, 3, 9])
def test_slices_follow_python(start, stop):
    x, a, b = T.dvector("x"), T.lscalar("a"), T.lscalar("b")
    f = theano.function([x, a, b], [x[a:b], T.set_subtensor(x[a:b], -1.0)])
    data = np.arange(5.0)
    region, changed = f(data, start, stop)
    np.testing.assert_array_equal(region, data[start:stop])
    data[start:stop] = -1
    np.testing.assert_array_equal(changed, data)


def test_gradient_of_a_size_that_is_one_only_at_run_time():
    x, y = T.dmatrix("x"), T.dmatrix("y")
    cost = (T.tanh(x * y) + y).sum()
    f = theano.function([x, y], [cost, *T.grad(cost, [x, y])])
    a, b = np.random.RandomState(0).randn(3, 4), np.random.RandomState(1).randn(1, 4)
    wide = np.broadcast_to(b, (3, 4)).copy()
    value, gx, gy = f(a, b)
    whole, wx, wy = f(a, wide)
    np.testing.assert_allclose(value, whole)
    np.testing.assert_allclose(gx, wx)
    assert gy.shape == (1, 4)
    np.testing.assert_allclose(gy, wy.sum(axis=0, keepdims=True))
    second = theano.function([x, y], T.grad((T.grad(cost, y) ** 2).sum(), y))
    assert second(a, b).shape == (1, 4)
