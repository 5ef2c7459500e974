"""Kernels of a loop's step that sweep the same positions run as one."""

import numpy as np
import pytest

import theano
import theano.tensor as T

rng = np.random.RandomState(0)


def steps_inside(f, place=0):
    """What the loops of a function run: the names of the steps of each."""
    from theon.schedule.step import Loop

    loops = [s for s in f._native.program.steps if isinstance(s, Loop)]
    return [type(s).__name__ for s in loops[place].steps if type(s).__name__ != "Check"]


def test_gates_of_an_lstm_are_one_sweep_each_way():
    n = 8
    x, U, b = T.tensor3("x"), T.matrix("U"), T.vector("b")

    def cell(xt, h, c, U, b):
        z = xt + T.dot(h, U) + b
        i, f, g, o = (z[:, k * n : (k + 1) * n] for k in range(4))
        c = T.nnet.sigmoid(f) * c + T.nnet.sigmoid(i) * T.tanh(g)
        return T.nnet.sigmoid(o) * T.tanh(c), c

    start = T.zeros((x.shape[1], n))
    (hs, _), _ = theano.scan(cell, x, [start, start], [U, b])
    slopes = T.grad((hs**2).sum(), [x, U, b])
    f = theano.function([x, U, b], [hs, *slopes])
    assert steps_inside(f).count("KernelStep") <= 2
    assert steps_inside(f, 1).count("KernelStep") <= 4
    values = [rng.randn(5, 3, 4 * n), rng.randn(n, 4 * n) * 0.3, rng.randn(4 * n)]
    reference = theano.function([x, U, b], [hs, *slopes], mode="FAST_COMPILE")
    for got, want in zip(f(*values), reference(*values)):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("outputs", ["all", "last"])
def test_states_that_read_each_other_keep_their_old_values_until_all_are_read(outputs):
    a, b, c = T.vectors("abc")

    def step(a, b, c):
        return b * 0.5 + c, a - c, T.sin(a * b)

    rows, _ = theano.scan(step, outputs_info=[a, b, c], n_steps=4)
    wanted = [r if outputs == "all" else r[-1] for r in rows]
    values = [rng.randn(6) for _ in range(3)]
    got = theano.function([a, b, c], wanted)(*values)
    kept = [[v] for v in values]
    for _ in range(4):
        for k, v in zip(kept, _numpy(*(k[-1] for k in kept))):
            k.append(v)
    for g, k in zip(got, kept):
        np.testing.assert_allclose(g, k[1:] if outputs == "all" else k[-1])


def _numpy(a, b, c):
    return b * 0.5 + c, a - c, np.sin(a * b)


def test_overlapping_parts_of_a_sum_are_not_computed_twice_but_right():
    x, y = T.matrix("x"), T.matrix("y")

    def step(r, h):
        z = T.concatenate([r + h, T.exp(r)])
        w = z * 2 + 1
        return w[0:3] + w[1:4] + w[3:6]

    rows, _ = theano.scan(step, x, y[0])
    v = [rng.randn(4, 3), rng.randn(1, 3)]
    a = theano.function([x, y], [rows, T.grad(rows.sum(), x)])(*v)
    b = theano.function([x, y], [rows, T.grad(rows.sum(), x)], mode="FAST_COMPILE")(*v)
    for p, q in zip(a, b):
        np.testing.assert_allclose(p, q)


def test_parts_of_a_sum_with_an_operand_of_one_row_at_run_time():
    x, y = T.matrix("x"), T.matrix("y")
    z = x + y
    f = theano.function([x, y], [T.exp(z[:2]), T.sin(z[2:5])])
    a, b = rng.randn(5, 3), rng.randn(1, 3)
    for p, q in ((a, b), (b, a), (a, a)):
        for got, want in zip(f(p, q), (np.exp((p + q)[:2]), np.sin((p + q)[2:5]))):
            np.testing.assert_allclose(got, want)


def test_products_of_which_only_the_shape_is_read_are_not_computed_before_a_loop():
    x, W, U = T.tensor3("x"), T.matrix("W"), T.matrix("U")
    hs, _ = theano.scan(lambda xt, h, W, U: T.tanh(T.dot(xt, W) + T.dot(h, U)), x, T.zeros((x.shape[1], 4)), [W, U])
    f = theano.function([x, W, U], T.grad((hs**2).sum(), [W, U]))
    calls = [s for s in f._native.program.steps if getattr(s, "name", "") == "gemm"]
    assert len(calls) == 3  # the sequence times W, and a sum of products each
