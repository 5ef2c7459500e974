"""What leaves a loop, and what two loops share: products, sums, the values that gradients need."""

from __future__ import annotations

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.control.scan_op import Scan
from theon.ops.dot import Dot
from theon.ops.join import Join


def _loops(f):
    return [node for node in f.maker.fgraph.toposort() if isinstance(node.op, Scan)]


def _products(node):
    seen, pending, count = set(), list(node.op.outputs), 0
    while pending:
        owner = pending.pop().owner
        if owner is None or owner in seen:
            continue
        seen.add(owner)
        count += isinstance(owner.op, Dot)
        pending += owner.inputs
    return count


def _unrolled(step, xs, state, n):
    rows = []
    for t in range(n):
        state = step(xs[t], *state)
        rows.append(state[0])
    return T.stack(rows)


def _lstm(width):
    U, W, b = T.dmatrix("U"), T.dmatrix("W"), T.dvector("b")

    def step(x, h, c):
        z = T.dot(x, W) + T.dot(h, U) + b
        gates = [z[:, i * width : (i + 1) * width] for i in range(4)]
        i, f, o = (T.nnet.sigmoid(v) for v in gates[:3])
        c = f * c + i * T.tanh(gates[3])
        return o * T.tanh(c), c

    return step, [W, U, b]


@pytest.mark.parametrize("extra", [0, 2])
def test_lstm_has_one_product_a_step_each_way(extra):
    """``extra``: columns of the matrices that no gate reads."""
    width, batch, steps = 3, 2, 5
    step, params = _lstm(width)
    x, h0, c0 = T.dtensor3("x"), T.dmatrix("h0"), T.dmatrix("c0")
    (hs, _), _ = theano.scan(step, x, [h0, c0])
    cost = (hs**2).sum()
    inputs = [x, h0, c0, *params]
    f = theano.function(inputs, [hs, *T.grad(cost, inputs)])
    rng = np.random.RandomState(3)
    values = [
        rng.randn(steps, batch, 4),
        rng.randn(batch, width),
        rng.randn(batch, width),
        rng.randn(4, 4 * width + extra),
    ]
    values += [rng.randn(width, 4 * width + extra), rng.randn(4 * width + extra)]
    forward, backward = _loops(f)
    assert _products(forward) == 1 and _products(backward) == 1
    assert backward.op.info.n_carried == 2  # the gradients of h and c, no sums of weights' gradients
    flat = _unrolled(step, x, (h0, c0), steps)
    expected = theano.function(inputs, [flat, *T.grad((flat**2).sum(), inputs)])(*values)
    for a, b in zip(f(*values), expected):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    none = [values[0][:0], *values[1:]]
    for v, g in zip(none, f(*none)[1:]):
        assert g.shape == v.shape and not g.any()


def test_second_order_gradient_through_kept_values():
    w, h0 = T.dvector("w"), T.dvector("h0")
    hs, _ = theano.scan(lambda h: T.exp(-h * w) * T.sin(w), outputs_info=h0, n_steps=4)
    flat, h = [], h0
    for _ in range(4):
        h = T.exp(-h * w) * T.sin(w)
        flat.append(h)
    values = np.array([0.3, 0.7]), np.array([0.1, -0.2])

    def derivatives(rows):
        g = T.grad(rows.sum(), w)
        return [g, *T.grad((g**2).sum(), [w, h0])]

    found = theano.function([w, h0], derivatives(hs))(*values)
    for a, b in zip(found, theano.function([w, h0], derivatives(T.stack(flat)))(*values)):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_values_whose_size_changes_are_computed_again():
    """A gradient cannot keep rows of sizes that differ from step to step."""
    x, w = T.dvector("x"), T.dscalar("w")
    total, _ = theano.scan(
        lambda n, s: s + T.exp(T.sqr(x[:n] * w)).sum(), T.arange(5), T.as_tensor_variable(np.zeros(()))
    )
    f = theano.function([x, w], T.grad(total[-1], [x, w]))
    xv, wv = np.linspace(-1, 1, 5), 0.4
    gx, gw = np.zeros(5), 0.0
    for n in range(5):
        e = np.exp((xv[:n] * wv) ** 2) * 2 * xv[:n] * wv
        gx[:n] += e * wv
        gw += (e * xv[:n]).sum()
    found = f(xv, wv)
    np.testing.assert_allclose(found[0], gx)
    np.testing.assert_allclose(found[1], gw)


def test_product_of_sequences_leaves_the_loop_with_what_is_computed_from_them():
    x, w, v = T.dmatrix("x"), T.dmatrix("w"), T.dvector("v")
    out, _ = theano.scan(lambda r, s: s + T.dot(T.dot(w, T.exp(r) * v), w).sum(), x, T.as_tensor_variable(np.zeros(())))
    f = theano.function([x, w, v], out)
    (loop,) = _loops(f)
    assert _products(loop) == 0
    rng = np.random.RandomState(0)
    values = rng.randn(6, 3), rng.randn(3, 3), rng.randn(3)
    expected = np.cumsum([(values[1] @ (np.exp(r) * values[2]) @ values[1]).sum() for r in values[0]])
    np.testing.assert_allclose(f(*values), expected)
    assert f(values[0][:0], *values[1:]).shape == (0,)


def test_loops_with_the_same_steps_become_one():
    x = T.dvector("x")
    a, _ = theano.scan(lambda r, s: s * r, x, T.as_tensor_variable(np.ones(())))
    (b, squares), _ = theano.scan(lambda r, s: (s * r, r * r), x, [T.as_tensor_variable(np.ones(())), None])
    f = theano.function([x], [a, b + squares])
    assert len(_loops(f)) == 1
    values = np.array([1.0, 2.0, 3.0])
    assert f(values)[0].tolist() == [1, 2, 6]
    assert f(values)[1].tolist() == [2, 6, 15]


def test_regions_side_by_side_are_joined():
    z = T.dmatrix("z")
    cost = sum(((i + 1) * T.sqr(z[:, 2 * i : 2 * i + 2])).sum() for i in range(3))
    f = theano.function([z], T.grad(cost, z))
    assert any(isinstance(node.op, Join) for node in f.maker.fgraph.toposort())
    for columns in (3, 6, 8):
        value = np.arange(2.0 * columns).reshape(2, columns)
        expected = 2 * value * np.repeat([1, 2, 3, 0], 2)[:columns]
        np.testing.assert_allclose(f(value), expected)


def test_regions_that_overlap_are_added():
    z = T.dvector("z")
    f = theano.function([z], T.grad(T.sqr(z[:3]).sum() + T.sqr(z[2:]).sum() + z[::2].sum(), z))
    assert f(np.ones(4)).tolist() == [3, 2, 5, 2]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_products_of_every_size_and_layout(dtype):
    x, y = T.matrix("x", dtype), T.matrix("y", dtype)
    plain = theano.function([x, y], [T.dot(x, y), T.dot(x[::-1], y[:, ::-1])])
    turned = theano.function([x, y], T.dot(x.T, y.T))
    rng = np.random.RandomState(0)
    for m in (0, 1, 2, 9):
        for n in (0, 1, 7, 8, 17):
            for size in (0, 1, 8, 20):
                a, b = rng.randn(m, size).astype(dtype), rng.randn(size, n).astype(dtype)
                close = dict(rtol=1e-4, atol=1e-5)
                np.testing.assert_allclose(plain(a, b)[0], a @ b, **close)
                np.testing.assert_allclose(plain(a, b)[1], a[::-1] @ b[:, ::-1], **close)
                np.testing.assert_allclose(turned(a.T, b.T), a @ b, **close)


@pytest.mark.parametrize("kind", ["row", "rows", "matrix of rows", "number"])
def test_rows_looked_up_in_a_step_are_incremented_after_the_loop(kind):
    """The gradient of a table of which steps look rows up: no step goes through the whole table."""
    table, weights = T.dmatrix("table"), T.dmatrix("weights")
    index = {"row": T.lvector, "rows": T.imatrix, "matrix of rows": T.ltensor3, "number": T.lvector}[kind]("index")
    sizes = {"row": (6,), "rows": (6, 2), "matrix of rows": (6, 3, 2), "number": (6,)}[kind]
    if kind == "number":
        rows, _ = theano.scan(lambda i, h: T.tanh(table[:, 0][i] * h + weights[0, 0]), index, T.ones(()))
    else:
        rows, _ = theano.scan(
            lambda i, h: T.tanh(table[i] + T.dot(h, weights)), index, T.ones((*sizes[1:], 3), dtype="float64")
        )
    wrt = [table, weights]
    first = T.grad(T.sqr(rows).sum(), wrt)
    outputs = [rows, *first]
    fast, slow = (
        theano.function([index, *wrt], [*outputs, *T.grad(sum(T.sqr(g).sum() for g in first), wrt)], mode=mode)
        for mode in ("FAST_RUN", "FAST_COMPILE")
    )
    rng = np.random.RandomState(0)
    for n in (6, 0):
        values = rng.randint(-5, 5, (n, *sizes[1:])).astype(index.dtype), rng.randn(5, 3), rng.randn(3, 3)
        for got, want in zip(fast(*values), slow(*values)):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    backward = _loops(theano.function([index, *wrt], first))[-1].op
    inner = theano.gof.graph.io_toposort(backward.inputs, backward.outputs)
    assert not any("IncSubtensor" in type(node.op).__name__ for node in inner)


def test_two_products_of_one_state_leave_the_loop():
    """The second product taken out moved the place at which the rows of the state were expected."""
    x, V, W = T.dmatrix("x"), T.dmatrix("V"), T.dmatrix("W")

    def step(a, h):
        h = T.tanh(a + h)
        return h, T.dot(h * 2, V), T.dot(h * 2, W)

    (h, v, w), _ = theano.scan(step, x, [T.zeros((3,)), None, None])
    function = theano.function([x, V, W], [v, w])
    given = (
        np.random.RandomState(0).randn(4, 3),
        np.random.RandomState(1).randn(3, 2),
        np.random.RandomState(2).randn(3, 5),
    )
    state = theano.function([x, V, W], h, on_unused_input="ignore")(*given)
    for got, matrix in zip(function(*given), given[1:], strict=True):
        np.testing.assert_allclose(got, 2 * state @ matrix)
