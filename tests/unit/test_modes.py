"""Modes that watch every node: DebugMode, NanGuardMode, MonitorMode."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile.debugmode import (
    BadDestroyMap,
    BadOptimization,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    InvalidValueError,
)
from theano.compile.monitormode import MonitorMode, detect_nan
from theano.compile.nanguardmode import NanGuardMode
from theon.ops.declare import REGISTRY, elementwise
from theon.schedule import lower

x = T.dvector("x")


class Plus(theano.Op):
    """x + 1, wrongly in one way."""

    __props__ = ("fault",)
    itypes, otypes = [T.dvector], [T.dvector]

    def __init__(self, fault):
        self.fault = fault
        super().__init__()

    def perform(self, node, inputs, output_storage):
        (value,) = inputs
        if self.fault == "destroys":
            value += 1
        out = value + 1
        if self.fault == "view":
            out = value[:]
        if self.fault == "dtype":
            out = out.astype("float32")
        output_storage[0][0] = out


@pytest.mark.parametrize("mode", ["DebugMode", "DEBUG_MODE"])
def test_a_right_graph_passes_with_its_updates(mode):
    w = theano.shared(np.ones(3), "w")
    cost = (T.nnet.softmax(x * w) ** 2).sum()
    f = theano.function([x], cost, updates=[(w, w - 0.1 * T.grad(cost, w))], mode=mode)
    g = theano.function([x], cost, givens={w: np.ones(3)})
    np.testing.assert_allclose(f(np.arange(3.0)), g(np.arange(3.0)))
    assert not np.allclose(w.get_value(), 1)


@pytest.mark.parametrize(
    ("fault", "error"), [("destroys", BadDestroyMap), ("view", BadViewMap), ("dtype", InvalidValueError)]
)
def test_what_an_op_does_wrong_is_named(fault, error):
    f = theano.function([x], Plus(fault)(x), mode="DebugMode")
    with pytest.raises(error, match="Plus"):
        f(np.arange(3.0))


def test_wrong_native_code_is_named_by_its_first_node(monkeypatch):
    right = lower.k.math
    monkeypatch.setattr(
        type(lower.k), "math", lambda self, name, *a: right(name, a[0]) if name != "tanh" else right("sin", a[0])
    )
    f = theano.function([x], T.exp(T.tanh(x * 2)), mode="DebugMode")
    with pytest.raises(BadThunkOutput, match="tanh"):
        f(np.arange(3.0))


def test_wrong_native_code_of_one_op_is_told_with_line_inputs_and_both_values(monkeypatch):
    wrong = elementwise("twice_or_so", 1, lambda xp, x: 2 * x, lower=lambda k, x: k.mul(k.number(2.5, x), x))
    monkeypatch.delitem(REGISTRY, "twice_or_so")
    y = wrong(x + 1)  # the line
    f = theano.function([x], T.exp(y), mode="DebugMode")
    with pytest.raises(BadThunkOutput) as caught:
        f(np.array([1.0, 3.0]))
    text = str(caught.value)
    assert caught.value.offending_op() is type(y.owner.op)
    for words in (
        "perform and native code gave different values", "twice_or_so", "test_modes.py", "the line",
        "input 0: Elemwise{add,no_inplace}.0", "value array([2., 4.])", "first at (0,): ", "4.0", "5.0",
    ):  # fmt: skip
        assert words in text


def test_a_fused_program_is_checked_too(monkeypatch):
    right = lower.Lowering.fill

    def fill(self, number, found):
        # Only an expression of several nodes goes wrong, as a fault of fusion would.
        if found.size > 6:
            found = lower.Expression(lower.k.neg(found.value), found.operands, found.sizes)
        right(self, number, found)

    monkeypatch.setattr(lower.Lowering, "fill", fill)
    f = theano.function([x], T.exp(T.tanh(x * x + 1)) - x, mode="DebugMode")
    with pytest.raises(BadThunkOutput, match="the fused native program"):
        f(np.arange(3.0))


def test_a_wrong_rewrite_is_an_error():
    @theano.gof.local_optimizer([T.tanh])
    def tanh_is_sin(node):
        return [T.sin(node.inputs[0])]

    wrong = theano.gof.opt.in2out(tanh_is_sin)
    f = theano.function([x], T.tanh(x), mode=DebugMode("fast_run").register((wrong, 1.9)))
    with pytest.raises(BadOptimization, match="tanh"):
        f(np.arange(3.0))


def test_debugmode_finds_nan():
    f = theano.function([x], T.log(x), mode="DebugMode")
    with pytest.raises(InvalidValueError, match="non-finite"):
        f(-np.ones(2))


def test_nan_guard_names_node_and_line():
    y = T.log(x)  # the line
    f = theano.function([x], y.sum(), mode=NanGuardMode(nan_is_error=True, inf_is_error=True, big_is_error=True))
    assert f(np.ones(3)) == 0
    with pytest.raises(AssertionError, match=r"(?s)NaN detected.*log.*test_modes.py.*the line"):
        f(-np.ones(3))
    with pytest.raises(AssertionError, match="Inf detected"):
        f(np.zeros(3))
    with pytest.raises(AssertionError, match="(?s)Big value detected.*input of the graph"):
        f(np.full(3, 1e12))
    assert theano.function([x], T.log(x), mode=NanGuardMode(False, True, False))(-np.ones(1)).shape == (1,)


def test_monitor_sees_every_node(capsys):
    seen = []
    mode = MonitorMode(
        pre_func=lambda i, node, fn: seen.append((i, len(fn.inputs))),
        post_func=lambda i, node, fn: detect_nan(i, node, fn),
    )
    f = theano.function([x], T.log(x) + x.sum(), mode=mode)
    f(-np.ones(2))
    assert [i for i, _ in seen] == list(range(len(f.maker.fgraph.apply_nodes)))
    assert "*** NaN detected ***" in capsys.readouterr().out
