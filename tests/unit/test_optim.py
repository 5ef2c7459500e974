"""theon.optim: each method against its formula in NumPy, one kernel a parameter, schedules, limits, errors."""

import re

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theon import optim

rng = np.random.RandomState(0)


def _sgd(p, g, s, t):
    return p - 0.1 * g


def _momentum(p, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) - 0.1 * g
    return p + s["v"]


def _nesterov(p, g, s, t):
    s["v"] = 0.9 * s.get("v", 0) - 0.1 * g
    return p + 0.9 * s["v"] - 0.1 * g


def _adagrad(p, g, s, t):
    s["h"] = s.get("h", 0) + g**2
    return p - 0.1 * g / (np.sqrt(s["h"]) + 1e-6)


def _rmsprop(p, g, s, t):
    s["h"] = 0.9 * s.get("h", 0) + 0.1 * g**2
    return p - 0.1 * g / np.sqrt(s["h"] + 1e-6)


def _adadelta(p, g, s, t):
    s["h"] = 0.95 * s.get("h", 0) + 0.05 * g**2
    move = g * np.sqrt(s.get("d", 0) + 1e-6) / np.sqrt(s["h"] + 1e-6)
    s["d"] = 0.95 * s.get("d", 0) + 0.05 * move**2
    return p - 0.1 * move


def _adam(p, g, s, t):
    # Algorithm 1 of the paper, with epsilon where the efficient order of section 2 puts it.
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    m, v = s["m"] / (1 - 0.9**t), s["v"] / (1 - 0.999**t)
    return p - 0.1 * m / (np.sqrt(v) + 1e-8 / np.sqrt(1 - 0.999**t))


def _amsgrad(p, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    s["best"] = np.maximum(s.get("best", 0), s["v"])
    return p - 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * s["m"] / (np.sqrt(s["best"]) + 1e-8)


def _adamax(p, g, s, t):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["u"] = np.maximum(0.999 * s.get("u", 0), abs(g))
    return p - 0.1 / (1 - 0.9**t) * s["m"] / (s["u"] + 1e-8)


FORMULAS = {
    name: globals()[f"_{name}"]
    for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad", "adamax")
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_steps_are_those_of_the_formula(name, dtype):
    start = [rng.randn(3, 4).astype(dtype), rng.randn(4).astype(dtype)]
    W, b = (theano.shared(v, name=n) for v, n in zip(start, "Wb"))
    x = T.matrix("x", dtype=dtype)
    cost = (T.tanh(T.dot(x, W) + b) ** 2).sum()
    updates = getattr(optim, name)(cost, [W, b], learning_rate=0.1)
    assert all(v.dtype == k.dtype for k, v in updates.items())
    f = theano.function([x], T.grad(cost, [W, b]), updates=updates)
    states = [{}, {}]
    wanted = [v.astype("float64") for v in start]
    for t in range(1, 7):
        gradients = f(rng.randn(5, 3).astype(dtype))
        wanted = [FORMULAS[name](p, g.astype("float64"), s, t) for p, g, s in zip(wanted, gradients, states)]
        for p, value in zip((W, b), wanted):
            tolerance = 1e-11 if dtype == "float64" else 2e-5
            np.testing.assert_allclose(p.get_value(), value, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_parameters_step_is_one_kernel_in_place(name):
    W = theano.shared(rng.randn(30, 20).astype("float32"), name="W")
    x = T.fmatrix("x")
    updates = getattr(optim, name)((T.dot(x, W) ** 2).mean(), [W])
    f = theano.function([x], [], updates=updates)
    memory = [k for k in updates if k.ndim]
    text = str(theon.explain(f))
    written = [
        line for line in text.splitlines() if line.startswith("kernel") and line.count("shared") >= 2 * len(memory)
    ]
    assert len(written) == 1, text
    assert len(re.findall(r"written in place", text)) == len(memory)


def test_rates_may_be_shared_variables_and_schedules():
    p = theano.shared(np.zeros(2), name="p")
    rate = theano.shared(np.float32(0.5))
    f = theano.function([], [], updates=optim.sgd([T.ones_like(p)], [p], learning_rate=rate))
    f()
    rate.set_value(np.float32(0.25))
    f()
    np.testing.assert_allclose(p.get_value(), -0.75)
    schedules = [
        (optim.exponential_decay(0.5, 0.1, 2), lambda t: 0.5 * 0.1 ** (t / 2)),
        (optim.step_decay(0.5, 0.1, 3), lambda t: 0.5 * 0.1 ** (t // 3)),
        (optim.inverse_time_decay(0.5, 2.0), lambda t: 0.5 / (1 + 2 * t)),
        (optim.cosine_decay(0.5, 4, 0.1), lambda t: 0.1 + 0.2 * (1 + np.cos(np.pi * min(t / 4, 1)))),
        (optim.warmup(0.5, 3), lambda t: 0.5 * min((t + 1) / 3, 1)),
        (optim.warmup(optim.step_decay(0.5, 0.1, 5), 2), lambda t: 0.5 * 0.1 ** (t // 5) * min((t + 1) / 2, 1)),
    ]
    for schedule, formula in schedules:
        p.set_value(np.zeros(2))
        f = theano.function([], [], updates=optim.sgd([T.ones_like(p)], [p], learning_rate=schedule))
        total = 0.0
        for t in range(8):
            f()
            total -= formula(t)
            np.testing.assert_allclose(p.get_value(), total, rtol=1e-6)
    for wrong in (lambda: optim.step_decay(1, 0.1, 0), lambda: optim.warmup(1, -1)):
        with pytest.raises(ValueError, match="positive"):
            wrong()


def test_gradients_are_limited_together_or_one_by_one():
    a, b = T.fmatrix("a"), T.dvector("b")
    values = rng.randn(3, 4).astype("float32"), rng.randn(5)
    norm = np.sqrt((values[0] ** 2).sum() + (values[1] ** 2).sum())
    found = theano.function([a, b], optim.total_norm([a, b]))(*values)
    np.testing.assert_allclose(found, norm, rtol=1e-6)
    for limit in (0.5, 100.0):
        clipped = theano.function([a, b], optim.clip_by_norm([a, b], limit))(*values)
        for got, v in zip(clipped, values):
            assert got.dtype == v.dtype
            np.testing.assert_allclose(got, v * min(1, limit / norm), rtol=1e-5)
    assert not any(v.any() for v in theano.function([a, b], optim.clip_by_norm([a, b], 1.0))(*(0 * v for v in values)))
    clipped = theano.function([a, b], optim.clip_by_value([a, b], -0.5, 0.25))(*values)
    for got, v in zip(clipped, values):
        assert got.dtype == v.dtype
        np.testing.assert_allclose(got, np.clip(v, -0.5, 0.25))


def test_what_cannot_be_trained_is_refused():
    W, n = theano.shared(np.zeros((2, 2)), name="W"), theano.shared(np.zeros(2, "int64"), name="n")
    with pytest.raises(TypeError, match="shared variable of floats"):
        optim.adam((W**2).sum(), [T.dmatrix("m")])
    with pytest.raises(TypeError, match="shared variable of floats"):
        optim.adam((W**2).sum(), [n])
    with pytest.raises(ValueError, match="scalar"):
        optim.adam(W**2, [W])
    with pytest.raises(ValueError, match="twice"):
        optim.adam((W**2).sum(), [W, W])
    with pytest.raises(ValueError, match="2 gradients"):
        optim.adam([W, W], [W])
    with pytest.raises(ValueError, match="learning_rate"):
        optim.sgd((W**2).sum(), [W], learning_rate=T.dvector())


def test_memory_is_shaped_as_its_parameter():
    row = theano.shared(np.zeros((1, 3)), name="row", broadcastable=(True, False))
    x = T.dmatrix("x")
    updates = optim.adam(((x + row) ** 2).sum(), [row])
    assert [k.broadcastable for k in updates if k.ndim] == [(True, False)] * 3
    assert sorted(k.name for k in updates) == ["row", "row_mean", "row_mean_square", "steps"]
    theano.function([x], [], updates=updates)(np.ones((4, 3)))
    np.testing.assert_allclose(row.get_value(), -0.001)
