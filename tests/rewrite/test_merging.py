"""Loops that run the same number of steps become one, and no others do."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import until
from theano.scan_module.scan_op import Scan
from theon.rewrite.sizes import Forms

x, y = T.dmatrices("x", "y")
h = T.dvector("h")
n, m = T.iscalars("n", "m")
VALUES = {x: np.random.RandomState(0).rand(4, 3), y: np.random.RandomState(1).rand(4, 3), h: np.ones(3), n: 4, m: 4}


def running(rows=None, steps=None, by=1.0, **how):
    def step(*values):
        return T.tanh(sum(values) * by)

    return theano.scan(step, rows, h, n_steps=steps, **how)[0]


def loops(function):
    return sum(isinstance(node.op, Scan) for node in function.maker.fgraph.toposort())


def checked(outputs, inputs=(x, y, h, n, m)):
    """The number of loops of a function that computes ``outputs`` as the reference does."""
    fast, slow = (
        theano.function(inputs, outputs, mode=mode, on_unused_input="ignore") for mode in ("FAST_RUN", "FAST_COMPILE")
    )
    values = [VALUES[v] for v in inputs]
    for a, b in zip(fast(*values), slow(*values)):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    return loops(fast)


ALIKE = {
    "the same rows": [running(x), running(x, by=2)],
    "rows and their number": [running(x), running(None, x.shape[0], 2)],
    "without the first and without the last": [running(x[1:]), running(x[:-1], by=2)],
    "two cuts and one": [running(x[1:-1]), running(x[2:], by=2)],
    "what is computed of them": [running(T.tanh(x)), running(x * 2, by=2), running(T.dot(x, T.ones((3, 3))), by=3)],
    "from both ends": [running(x), running(x, by=2, go_backwards=True), running(x[::-1], by=3)],
    "a number given": [running(x, n), running(None, n, 2)],
    "the fewest of two": [
        theano.scan(lambda a, b, s: s + a * b, [x[1:], x[:-1]], h)[0],
        running(x[1:], by=2),
    ],
    "places and rows": [theano.map(lambda i: x[i].sum(), T.arange(x.shape[0]))[0], running(x)],
    "columns": [running(x.T[:, :3]), theano.map(lambda i: i**2, T.arange(x.shape[1]))[0]],
    "joined": [running(T.concatenate([x, x])), running(T.concatenate([x * 2, x + 1]), by=2)],
}
APART = {
    "other sizes": [running(x), running(y, by=2)],
    "sizes that may be spread": [running(x + y), running(x, by=2)],
    "other numbers": [running(None, n), running(None, m, 2)],
    "a number that may be negative": [running(None, n), theano.map(lambda i: i * 2, T.arange(n))[0]],
    "one of the other's results": [running(running(x), by=2)],
    "one by way of another": [running(running(x)[1:], by=2)],
}


@pytest.mark.parametrize("name", ALIKE)
def test_as_many_steps_are_one_loop(name):
    assert checked(ALIKE[name]) == 1


@pytest.mark.parametrize("name", APART)
def test_other_steps_stay_apart(name):
    assert checked(APART[name]) == 2


def test_gradients_merge_too():
    cost = T.sqr(running(x)).sum() + T.sqr(running(x, by=2, go_backwards=True)).sum()
    assert checked([cost, *T.grad(cost, [x, h])]) == 2


def test_equal_states_are_computed_once():
    first, _ = theano.scan(lambda a, s: [T.tanh(a + s), a * s], x, [h, None])
    second, _ = theano.scan(lambda a, b, s: [T.tanh(a + s), b - s], [x, x * 3], [h, None])
    function = theano.function([x, h], [*first, *second])
    assert loops(function) == 1
    (loop,) = (node for node in function.maker.fgraph.toposort() if isinstance(node.op, Scan))
    assert loop.op.n_sit_sot == 1
    assert checked([*first, *second]) == 1


def test_chain_keeps_what_depends_apart():
    """The second loop of a chain merges with a third one that the first needs nothing of, in whatever order they stand."""
    assert checked([running(running(x)), running(x, by=3)]) == 2
    third = running(x, by=3)
    assert checked([running(running(x) + third.sum(), by=2), third]) == 2


def test_loops_that_stop_early_merge_by_equal_conditions():
    def stopping(by, at):
        return theano.scan(lambda a, s: ((s + a) * by, until(a.sum() > at)), x, h)[0]

    assert checked([stopping(1.0, 1.6), stopping(2.0, 1.6)]) == 1
    assert checked([stopping(1.0, 1.6), stopping(2.0, 1.2)]) == 2


def test_lazy_loops_stay_lazy():
    """A loop that a choice leaves out is not merged with one that runs anyway, nor with one of the other branch."""
    condition = T.bscalar("c")
    calls = []

    @theano.compile.ops.as_op([T.dvector], [T.dvector])
    def counted(v):
        calls.append(1)
        return v * 1.0

    noted, _ = theano.scan(lambda a, s: counted(a + s), x, h)
    chosen = ifelse(condition, noted.sum(), running(x, by=2).sum())
    function = theano.function([condition, x, h], [chosen, running(x, by=3)])
    function(0, VALUES[x], VALUES[h])
    assert not calls
    function(1, VALUES[x], VALUES[h])
    assert len(calls) == 4


def test_steps_that_stay_in_python_do_not_take_others_with_them():
    growing, _ = theano.scan(lambda i: x[:i].sum() + T.arange(i).sum(), T.arange(x.shape[0]))
    function = theano.function([x, h], [growing, running(x)])
    assert loops(function) == 2


def test_merged_loop_that_fails_names_both():
    first = theano.scan(lambda i: x[i], T.arange(n), name="taker")[0]
    second = theano.scan(lambda i: i * 2, T.arange(n), name="doubler")[0]
    function = theano.function([x, n], [first, second])
    with pytest.raises(IndexError) as info:
        function(VALUES[x], 7)
    assert "taker&doubler" in "\n".join([str(info.value), *getattr(info.value, "__notes__", [])])


def test_forms_of_sizes():
    """Numbers of equal form are equal for all sizes; and these are told apart."""
    a, b = (T.ivector(name).shape[0] for name in "ab")
    same = [
        (a - T.minimum(1, a), T.maximum(a - 1, 0)),
        (T.maximum(T.maximum(a - 1, 0) - T.minimum(1, a), 0), T.maximum(a - 2, 0)),
        (T.minimum(a, a + b), a),
        (T.maximum(a, a - b), a),
        (a + b - a, b),
        (-T.minimum(-a, -b), T.maximum(a, b)),
        (T.minimum(T.maximum(a, b), 3) + b, T.maximum(T.minimum(a, 3) + b, T.minimum(b, 3) + b)),
    ]
    forms = Forms()
    for one, other in same:
        assert forms.of(one) == forms.of(other)
        f = theano.function([*{v: 1 for v in theano.gof.graph.inputs([one, other]) if v.name}], [one, other])
        for i in range(6):
            for j in range(6):
                sizes = {"a": i, "b": j}
                values = [np.zeros(sizes[v.name], "int32") for v in f.maker.fgraph.inputs]
                left, right = f(*values)
                assert left == right
    for one, other in [(a, b), (a - 1, T.maximum(a - 1, 0)), (T.minimum(a, b), a), (a + a, a)]:
        assert forms.of(one) != forms.of(other)
