"""Updates in place: parameters and their moments in one sweep, each seeing the old values it is defined by."""

import numpy as np
import pytest

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


# --- part of a shared variable changed in place ---


def parted(updates, inputs=()):
    """The function, which must write into the shared variables' own memory, and those variables."""
    f = theano.function(list(inputs), [], updates=updates)
    assert all(u.in_place for u in f._native.program.updates)
    return f


@pytest.mark.parametrize("adds", [True, False])
def test_rows_of_a_table_change_in_place(adds):
    table, i, v = theano.shared(np.arange(40.0).reshape(8, 5)), T.lvector("i"), T.dmatrix("v")
    change = T.inc_subtensor if adds else T.set_subtensor
    f = parted([(table, change(table[i], 2 * v))], [i, v])
    before, memory = table.get_value(), table.get_value(borrow=True)
    index, values = np.array([1, -1, 1, 4]), np.random.RandomState(0).randn(4, 5)
    f(index, values)
    if adds:
        np.add.at(before, index, 2 * values)
    else:
        before[index] = 2 * values
    assert table.get_value(borrow=True) is memory
    np.testing.assert_array_equal(memory, before)
    with pytest.raises((IndexError, ValueError)):
        f(np.array([0, 8, 1, 2]), values)
    np.testing.assert_array_equal(memory, before)


def test_a_range_changes_in_place():
    ring, at, v = theano.shared(np.zeros((10, 3))), T.lscalar("at"), T.dmatrix("v")
    count = theano.shared(np.int64(0))
    f = parted([(ring, T.set_subtensor(ring[at : at + 2], v))], [at, v])
    memory = ring.get_value(borrow=True)
    f(3, np.ones((2, 3)))
    assert ring.get_value(borrow=True) is memory and memory.sum() == 6 and memory[3:5].all()
    with pytest.raises(ValueError):
        f(9, np.ones((2, 3)))
    one = theano.function([v], count, updates=[(ring, T.inc_subtensor(ring[count], v[0])), (count, count + 1)])
    for turn in range(3):
        assert one(np.full((1, 3), 5.0)) == turn
    assert memory[:3].tolist() == [[5.0] * 3] * 3 and ring.get_value(borrow=True) is memory


def test_values_that_read_the_changed_memory_are_read_before():
    a, b = (theano.shared(np.arange(12.0).reshape(6, 2) + start) for start in (0, 100))
    i, j = T.lvector("i"), T.lvector("j")
    f = theano.function(
        [i, j],
        [a.sum(), a[1:3]],
        updates=[(a, T.inc_subtensor(a[i], b[j] + a[j])), (b, T.set_subtensor(b[1:], a[:-1]))],
    )
    wanted_a, wanted_b = a.get_value(), b.get_value()
    total, part = f([0, 2, 2], [1, 2, 3])
    old_a, old_b = wanted_a.copy(), wanted_b.copy()
    np.add.at(wanted_a, [0, 2, 2], old_b[[1, 2, 3]] + old_a[[1, 2, 3]])
    wanted_b[1:] = old_a[:-1]
    assert total == old_a.sum()
    np.testing.assert_array_equal(part, old_a[1:3])
    np.testing.assert_array_equal(a.get_value(), wanted_a)
    np.testing.assert_array_equal(b.get_value(), wanted_b)


def test_a_range_moved_inside_its_own_memory():
    a = theano.shared(np.arange(6.0))
    theano.function([], [], updates=[(a, T.set_subtensor(a[1:], a[:-1]))])()
    assert a.get_value().tolist() == [0, 0, 1, 2, 3, 4]


def test_a_changed_part_beside_a_sweep_over_the_whole():
    a, b, i = theano.shared(np.ones(4)), theano.shared(np.arange(4.0)), T.lvector("i")
    f = theano.function([i], [], updates=[(a, T.inc_subtensor(a[i], b[i])), (b, b + a)])
    f([3, 3])
    assert a.get_value().tolist() == [1, 1, 1, 7] and b.get_value().tolist() == [1, 2, 3, 4]


def test_a_deep_network_is_rewritten_without_recursion(caplog):
    x, b = T.dmatrix("x"), theano.shared(np.full(3, 0.01))
    h = x
    for _ in range(400):
        h = T.tanh(h + b)
    f = theano.function([x], h.sum(), updates=[(b, b - 0.1 * T.grad(h.sum(), b))])
    assert not caplog.records
    assert np.isfinite(f(np.ones((2, 3))))
