"""Loops as native code: one program, no Python between steps, the same numbers as loops run node by node."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theano.ifelse import ifelse
from theano.scan_module import until
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.schedule.step import KernelStep, Loop


def _both(inputs, outputs, *values):
    """Results of the native and of the reference function; they must agree."""
    native = theano.function(inputs, outputs, on_unused_input="ignore")
    reference = theano.function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")
    found = native(*values)
    for a, b in zip(found, reference(*values)):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    return native, found


def test_recurrence_and_gradient_run_without_python_steps():
    x, w, h0 = T.dmatrix("x"), T.dmatrix("w"), T.dvector("h0")
    hs, _ = theano.scan(lambda xt, h, w: T.tanh(xt + T.dot(h, w)), x, h0, w)
    rng = np.random.RandomState(1)
    values = rng.randn(7, 3), rng.randn(3, 3), rng.randn(3)
    f, _ = _both([x, w, h0], [hs, *T.grad((hs**2).sum(), [x, w, h0])], *values)
    text = theon.explain(f)
    assert text.count("loop     ") == 2
    assert "python   " not in text
    for rows in (0, 1):
        _both([x, w, h0], [hs, *T.grad((hs**2).sum(), [x, w, h0])], values[0][:rows], *values[1:])


def test_taps_collected_rows_and_invariants():
    x, a, start = T.dvector("x"), T.dscalar("a"), T.dvector("start")

    def step(x0, x1, h3, h1, a):
        new = a * h3 + T.sin(h1) + x0 * x1
        return new, new * T.exp(a) + x1, T.stack([new, h1])

    (h, y, z), _ = theano.scan(
        step, [{"input": x, "taps": [-1, 0]}], [{"initial": start, "taps": [-3, -1]}, None, None], a
    )
    cost = h.sum() + (y**2).sum() + z.prod()
    rng = np.random.RandomState(2)
    _both([x, a, start], [h, y, z, *T.grad(cost, [x, a, start])], rng.uniform(0.5, 1.5, 6), 0.7, rng.uniform(0.5, 1, 3))


def test_carried_values_that_read_each_other():
    n, a, b = T.lscalar("n"), T.dvector("a"), T.dvector("b")
    (p, q), _ = theano.scan(lambda u, v: [v, u + v], outputs_info=[a, b], n_steps=n)
    f, _ = _both([n, a, b], [p[-1], q[-1]], 11, np.zeros(2), np.ones(2))
    assert f(10, np.zeros(2), np.ones(2))[1][0] == 89
    with pytest.raises(ValueError, match="negative number of step"):
        f(-1, np.zeros(2), np.ones(2))


def test_until_leaves_the_steps_made():
    limit = T.dscalar("limit")
    values, _ = theano.scan(
        lambda v: (v * 2, theano.scan_module.until(v * 2 > limit)), outputs_info=T.constant(1.0), n_steps=50
    )
    f, (found,) = _both([limit], [values], 20.0)
    np.testing.assert_array_equal(found, [2, 4, 8, 16, 32])
    assert "until" in theon.explain(f)


def test_loop_in_a_loop():
    x = T.dmatrix("x")

    def row(r):
        inner, _ = theano.scan(lambda v, s: s * 0.5 + v**2, r, T.constant(np.float64(0)))
        return inner

    out, _ = theano.scan(row, x)
    f, _ = _both([x], [out, T.grad(out.sum(), x)], np.random.RandomState(3).randn(4, 5))
    assert "    loop     " in theon.explain(f)


class _FailsAt(Op):
    """Passes its input on, and raises where it is the number 3."""

    __props__ = ()

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        if inputs[0] == 3:
            raise RuntimeError("three")
        output_storage[0][0] = inputs[0].copy()


def test_a_python_step_runs_and_its_failure_names_the_step():
    x = T.dvector("x")
    out, _ = theano.scan(lambda v, s: s + _FailsAt()(v), x, T.constant(np.float64(0)))
    f = theano.function([x], out)
    for _ in range(50):
        np.testing.assert_array_equal(f([1, 2, 4]), [1, 3, 7])
        with pytest.raises(RuntimeError, match="three") as caught:
            f([1, 2, 3])
        assert any("in step 2 of" in note for note in caught.value.__notes__)


def inner_loops_that_stop(x, m, n):
    def root(a, h):
        step = lambda r: (r - (r * r - a) / (2 * r), until(abs(r * r - a) < 1e-9))  # noqa: E731
        rows, _ = theano.scan(step, outputs_info=T.maximum(a, 1.0) + h * 0.1, n_steps=60)
        return rows[-1] + rows.sum() * 0.01, rows.shape[0]

    (r, counts), _ = theano.scan(root, x, [T.zeros(()), None])
    return [r, counts, T.grad(r.sum(), x)]


def inner_loops_of_other_lengths(x, m, n):
    def power(a, i, h):
        rows, _ = theano.scan(lambda g, q: T.tanh(T.dot(g, m) + a + q), None, h, [h[::-1]], n_steps=(i * 3) % 7)
        return T.concatenate([rows, h[None, :]])[-3:].sum(axis=0) * 0.5

    h, _ = theano.scan(power, [x, T.arange(x.shape[0])], T.ones((3,)))
    return [h, *T.grad(T.sqr(h).sum(), [x, m])]


def slices_of_other_lengths(x, m, n):
    def step(a, i, h):
        part = T.tanh(h[i % 3 : i % 5 + 1]) * a
        h = T.inc_subtensor(h[i % 2 : i % 4], T.exp(-h[i % 2 : i % 4]))
        more = T.concatenate([part, T.arange(i) * a, T.zeros((i % 3, 3)).flatten()])
        return h, T.sort(more).sum() + T.sqr(more).sum()

    (h, sums), _ = theano.scan(step, [x, T.arange(x.shape[0])], [m[0], None])
    return [h, sums, *T.grad(sums.sum() + T.sqr(h).sum(), [x, m])]


def running_sums(x, m, n):
    sums, _ = theano.scan(lambda i: (T.cumsum(T.arange(i + 1)) ** 2).sum(), T.arange(n))
    squares, _ = theano.scan(lambda i: T.dot(T.ones((i, i)), T.ones((i, 2))).sum(), T.arange(n))
    return [sums, squares]


def sizes_of_carried_numbers(x, m, n):
    """The number that says how much memory there is changes before the last values are moved on."""

    def step(a, k, h):
        wide = T.tanh(T.arange(k) * a)
        return k + 3, wide[:3] * h, wide.sum()

    (k, h, s), _ = theano.scan(step, x, [T.constant(np.int64(4)), T.ones((3,)), None])
    return [k[-1], h[-1], s, T.grad(h[-1].sum() + s.sum(), x)]


@pytest.mark.parametrize(
    "program",
    [
        inner_loops_that_stop,
        inner_loops_of_other_lengths,
        slices_of_other_lengths,
        running_sums,
        sizes_of_carried_numbers,
    ],
)
def test_memory_of_another_size_in_each_step(program):
    x, m, n = T.dvector("x"), T.dmatrix("m"), T.lscalar("n")
    rng = np.random.RandomState(3)
    outputs = program(x, m, n)
    for count in (0, 1, 6, 40):
        native, _ = _both([x, m, n], outputs, rng.rand(count) * 3 + 0.5, rng.randn(3, 3) * 0.3, count)
    assert "python " not in theon.explain(native)


def test_a_branch_that_computes_how_much_memory_it_needs():
    x = T.dvector("x")

    def step(a, i, h):
        k = T.cast(T.clip(a, 0, 9), "int64") * i
        return ifelse(a > 1, T.arange(k).sum() + h * 0.5, h + (T.ones((k + 1,)) * a).sum())

    h, _ = theano.scan(step, [x, T.arange(x.shape[0])], T.zeros(()))
    _both([x], [h, T.grad(h.sum(), x)], np.asarray([0.5, 2.0, 3.5, 0.1, 1.5]))


def test_sizes_that_do_not_fit_are_refused():
    x, h0, w = T.dmatrix("x"), T.dvector("h0"), T.dmatrix("w")
    hs, _ = theano.scan(lambda xt, h, w: T.dot(h, w) + xt, x, h0, w)
    f = theano.function([x, h0, w], hs)
    with pytest.raises(ValueError):
        f(np.ones((3, 2)), np.ones(2), np.ones((2, 3)))
    assert f(np.ones((3, 2)), np.ones(2), np.ones((2, 2))).shape == (3, 2)


@pytest.mark.parametrize("taps", [[-1, -2], [-3, -1], [-2], [-4, -2]])
def test_states_of_several_taps_keep_only_the_rows_that_steps_read(taps):
    start, n = T.dmatrix("start"), T.iscalar("n")
    rows, _ = theano.scan(
        lambda *past: T.sin(sum((i + 1) * v for i, v in enumerate(past))),
        outputs_info=dict(initial=start, taps=taps),
        n_steps=n,
    )
    values = np.random.RandomState(0).randn(-min(taps), 4)
    for count in (1, 2, 3, 7):
        f, _ = _both([start, n], [rows[-1]], values, count)
    (node,) = [node for node in f.maker.fgraph.toposort() if type(node.op).__name__ == "Scan"]
    assert node.op.info.taps == () and node.op.info.n_carried == -min(taps)


def test_states_that_change_places_each_step():
    a, b, c = T.dvectors("abc")
    rows, _ = theano.scan(lambda a, b, c: [b, c, a], outputs_info=[a, b, c], n_steps=4)
    values = [np.arange(3.0) + 10 * i for i in range(3)]
    _both([a, b, c], [r[-1] for r in rows], *values)
    n = T.iscalar("n")
    rows, _ = theano.scan(lambda a, b: [b, a + 1], outputs_info=[T.zeros(()), T.ones(())], n_steps=n)
    _both([n], [r[-1] for r in rows], 5)


def test_far_taps_go_round_in_a_ring():
    """With taps -1 and -10 of which the last value is read, a step copies none of the ten values that it keeps."""
    initial, n = T.dmatrix("initial"), T.iscalar("n")
    start = {"initial": initial, "taps": [-10, -1]}
    rows, _ = theano.scan(lambda far, near: T.tanh(far * 0.5 + near * 0.25), outputs_info=start, n_steps=n)
    last = rows[-1]
    f = theano.function([initial, n], last)
    (loop,) = [step for step in f._native.program.steps if isinstance(step, Loop)]
    assert len(loop.steps) == 1 and isinstance(loop.steps[0], KernelStep)  # the new value, and nothing else
    outputs = [last, last * 2, T.grad((last**2).sum(), initial)]
    outputs.append(T.grad((outputs[-1] ** 2).sum(), initial))
    native, reference = (theano.function([initial, n], outputs, mode=m) for m in ("FAST_RUN", "FAST_COMPILE"))
    given = np.random.RandomState(0).randn(10, 3)
    for steps in (1, 2, 9, 10, 11, 12, 25):
        for a, b in zip(native(given, steps), reference(given, steps), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)
