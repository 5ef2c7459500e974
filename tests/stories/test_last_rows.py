"""Of rows that nobody reads a loop keeps none: ``h[-1]``, ``h[-5:]``, ``h[-k:]``, ``h[::-1][0]`` take a ring of rows."""

import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile.mode import Mode
from theano.scan_module import until
from theano.scan_module.scan_op import Scan
from theon.schedule.step import Loop

x, start, k = T.dmatrix("x"), T.dmatrix("start"), T.iscalar("k")
READ = {
    "the last": lambda h: [h[-1]],
    "some": lambda h: [h[-5:]],
    "two apart": lambda h: [h[-1], h[-3]],
    "as many as asked for": lambda h: [h[-k:]],
    "an element": lambda h: [h[-2, 0], h[-1, :2]],
    "without the last": lambda h: [h[-4:-1], h[-4::2]],
    "from the end": lambda h: [h[::-1][0], h[::-1][:3]],
}
KINDS = {
    "state": lambda stop: theano.scan(lambda a, h: stop(T.tanh(a + h), a), x, start[0]),
    "taps": lambda stop: theano.scan(
        lambda a, h, g: stop(T.tanh(a + h * g), a), x, {"initial": start, "taps": [-1, -3]}
    ),
    "collected": lambda stop: theano.scan(lambda a: stop(T.exp(a) / a.sum(), a), x),
}


def stopping(v, a):
    return v, until(a[0] > 0.9)


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [lambda v, a: v, stopping], ids=["counted", "until"])
def test_last_rows_are_those_of_all_rows(kind, read, stop):
    outputs = READ[read](KINDS[kind](stop)[0])
    modes = ["FAST_RUN", Mode("py", "fast_run"), "FAST_COMPILE"]
    fast, slim, whole = (theano.function([x, start, k], outputs, mode=m, on_unused_input="ignore") for m in modes)
    assert any(isinstance(step, Loop) for step in fast._native.program.steps)
    for function in (fast, slim):
        loop = next(node for node in function.maker.fgraph.toposort() if isinstance(node.op, Scan))
        assert loop.op.info.limited or not loop.op.info.taps
    rng = np.random.RandomState(0)
    for n in (1, 2, 4, 40):
        rows, first = rng.uniform(0.1, 0.91, (n, 3)), rng.rand(3, 3)
        for asked in (1, 3, 100, 0, -2):
            try:
                wanted = whole(rows, first, asked)
            except IndexError:
                for function in (fast, slim):
                    with pytest.raises(IndexError):
                        function(rows, first, asked)
                continue
            for function in (fast, slim):
                for got, want in zip(function(rows, first, asked), wanted):
                    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_long_loop_takes_no_memory_for_rows_that_are_not_read():
    """300,000 rows of 50 numbers are 120 MB; those read, and the loop's own, are less than one."""
    code = """
import resource, theano, theano.tensor as T
from theano.scan_module import until
n, k = T.iscalars("n", "k")
h, _ = theano.scan(lambda t, h: h * 0.5 + t, T.arange(n), T.zeros((50,)))
g, _ = theano.scan(lambda h, g: h - g * 0.5, None, {"initial": T.ones((3, 50)), "taps": [-1, -3]}, n_steps=n)
c, _ = theano.scan(lambda t: (T.ones((50,)) * t, until(t < 0)), T.arange(n))
function = theano.function([n, k], [h[-5:], g[-k:], g[-2], c[-1]])
function(1000, 7)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
h_last, g_last, _, c_last = function(300_000, 7)
assert h_last.shape == (5, 50) and g_last.shape == (7, 50) and c_last[0] == 299_999
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert grown < 20_000, grown


def test_derivatives_of_a_compiled_graph():
    """What the rules made of a loop is an op like any other: it has gradients."""
    h, _ = theano.scan(lambda a, h: T.tanh(a + h), x, start[0])
    graph = theano.function([x, start], h[-2:]).maker.fgraph
    rows, first = graph.inputs
    cost = T.sqr(graph.outputs[0]).sum()
    point = T.dmatrix("p")
    values = np.random.RandomState(1).randn(6, 3), np.random.RandomState(2).randn(2, 3)
    expected = T.sqr(h[-2:]).sum()
    answers = [
        theano.function([a, b, point], [T.grad(c, a), T.Rop(c, a, point)])(*values, np.ones((6, 3)))
        for a, b, c in ((rows, first, cost), (x, start, expected))
    ]
    for got, want in zip(*answers):
        np.testing.assert_allclose(got, want)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "DebugMode", "no rewriting"])
def test_last_row_of_no_steps_is_the_start_in_all_modes(mode):
    mode = theano.Mode("py", None) if mode == "no rewriting" else mode
    x, h0 = T.dvector("x"), T.dmatrix("h0")

    def step(a, h):
        return T.tanh(a + h)

    rows = [theano.scan(step, x, h0, checkpoint_every=every)[0] for every in (None, 2)]
    far, _ = theano.scan(lambda a, p, q: T.tanh(a * p + q), x, dict(initial=h0, taps=[-2, -1]))
    outputs = [*(r[-1] for r in rows), T.grad(T.sqr(rows[0][-1]).sum(), h0), far[-1, 1], far]
    outputs += [theano.reduce(step, x, h0)[0], theano.foldr(step, x, h0)[0], rows[0], rows[1][-1][1, 0]]
    start = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    found = theano.function([x, h0], outputs, mode=mode)([], start)
    wanted = [start, start, 2 * start, 4.0, np.zeros((0, 2)), start, start, np.zeros((0, 2, 2)), 3.0]
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(got, want)
