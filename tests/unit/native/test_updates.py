"""Updates in place: parameters and their moments in one sweep, each seeing the old values it is defined by."""

import numpy as np

import theano
import theano.tensor as T
from theon.schedule.step import KernelStep


def run(make, calls=3):
    """The shared values after some calls, by native code and by the reference; and the native function."""
    found = []
    for mode in (None, "FAST_COMPILE"):
        values, function = make(mode)
        for _ in range(calls):
            function()
        found.append([v.get_value() for v in values])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, 1e-12)
    return make(None)


def start(*names):
    return [theano.shared(np.random.RandomState(i).rand(6, 5) + 1.0, name) for i, name in enumerate(names)]


def sweeps(function, stores):
    steps = [s for s in function._native.program.steps if isinstance(s, KernelStep)]
    return sum(len(p.stores) == stores for s in steps for p in s.kernel.passes)


def test_adam_is_one_sweep_in_place():
    def make(mode):
        p, m, v = start("p", "m", "v")
        t = theano.shared(np.float64(0))
        g = T.grad((p**2).sum() + T.sin(p).sum(), p)
        new_m, new_v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        step = T.sqrt(1 - 0.99 ** (t + 1)) / (1 - 0.9 ** (t + 1))
        updates = [(t, t + 1), (m, new_m), (v, new_v), (p, p - 0.1 * step * new_m / (T.sqrt(new_v) + 1e-8))]
        return (p, m, v), theano.function([], [], updates=updates, mode=mode)

    values, f = run(make)
    assert sweeps(f, 3) == 1
    places = [v.container.storage[0].ctypes.data for v in values]
    f()
    assert places == [v.container.storage[0].ctypes.data for v in values]


def test_updates_that_read_each_other_see_the_old_values():
    def make(mode):
        a, b, c = start("a", "b", "c")
        return (a, b, c), theano.function([], [], updates=[(a, a + b), (b, a * b - c), (c, a / c)], mode=mode)

    run(make)


def test_updates_read_in_another_order_than_their_own():
    def make(mode):
        a, b, c = start("a", "b", "c")
        updates = [(a, a + b.T.dot(b).sum() + b[::-1]), (b, a[::-1, ::-1] * 2 + b), (c, c + a.T.sum())]
        return (a, b, c), theano.function([], [], updates=updates, mode=mode)

    run(make)


def test_an_update_that_is_also_an_output():
    def make(mode):
        a, b = start("a", "b")
        new = T.exp(a / 9) + b
        f = theano.function([], new, updates=[(a, new), (b, b + new)], mode=mode)
        before = f()
        kept = before.copy()
        f()
        np.testing.assert_array_equal(before, kept)
        return (a, b), f

    run(make)


def test_values_may_change_their_sizes():
    a, x = theano.shared(np.ones((2, 3))), T.dmatrix("x")
    f = theano.function([x], [], updates=[(a, T.exp(x) + 1)])
    f(np.zeros((4, 1)))
    np.testing.assert_array_equal(a.get_value(), np.full((4, 1), 2.0))
