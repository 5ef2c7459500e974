"""Loops that draw from NumPy's states are native code, and draw what the reference draws, call after call."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import until
from theano.tensor.shared_randomstreams import RandomStreams
from theon.schedule.step import Loop

x = T.dvector("x")


def every_distribution(s):
    def step(a, h):
        found = h * 0.5 + a + s.normal((3,), avg=h.sum(), std=2.0) + s.uniform((2, 3)).sum(0) + s.permutation(n=3)
        found += s.binomial((3,), n=5, p=0.3) + s.random_integers((), low=0, high=9) + s.poisson((3,), lam=2.0)
        return found + s.multinomial((2,), n=4, pvals=[0.2, 0.3, 0.5]).sum(0) + s.choice((4,), a=[1, 2, 3]).sum()

    return theano.scan(step, x, T.zeros((3,)))


def stopping(s):
    return theano.scan(lambda a, h: (h + s.normal(()), until(abs(h) > 1)), x, T.zeros(()))


def not_updated(s):
    return theano.scan(lambda a, h: h + s.normal(()), x, T.zeros(()))[0], {}


def loop_in_a_loop(s):
    def outer(a):
        rows, updates = theano.scan(lambda h: h + s.uniform((2,)), outputs_info=T.zeros((2,)), n_steps=3)
        return rows[-1] + a, updates

    return theano.scan(outer, x)


def chosen(s):
    return theano.scan(lambda a, h: ifelse(a > 0, h + s.normal((2,)), h * 2), x, T.zeros((2,)))


def with_gradient(s):
    rows, updates = theano.scan(lambda a, h: T.tanh(h * a + s.normal((2,)) * a), x, T.zeros((2,)))
    return [rows, T.grad(T.sqr(rows).sum(), x)], updates


PROGRAMS = [every_distribution, stopping, not_updated, loop_in_a_loop, chosen, with_gradient]


def made(program, mode):
    outputs, updates = program(RandomStreams(3))
    return theano.function([x], outputs, updates=updates, mode=mode)


def loops(function):
    stages = function.maker._made.stages.stages
    return sum(isinstance(step, Loop) for stage in stages if stage.program for step in stage.program.steps)


def as_list(found):
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("program", PROGRAMS)
def test_draws_are_those_of_the_reference(program):
    native, reference = made(program, "FAST_RUN"), made(program, "FAST_COMPILE")
    assert loops(native) == (2 if program is with_gradient else 1)
    for n in (4, 0, 1, 5, 5):
        values = np.arange(n) - 1.0
        for got, want in zip(as_list(native(values)), as_list(reference(values)), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9)


def test_a_call_that_fails_draws_nothing():
    s = RandomStreams(5)
    n = T.iscalar("n")
    rows, updates = theano.scan(lambda i: x[i] + s.normal(()), T.arange(n))
    function = theano.function([x, n], rows, updates=updates)
    again = pickle.loads(pickle.dumps(function))
    first = again([0.0, 0.0], 2)
    with pytest.raises(IndexError):
        function([0.0, 0.0], 3)
    np.testing.assert_array_equal(function([0.0, 0.0], 2), first)
    assert (again([0.0, 0.0], 2) != first).all()


def test_debug_mode_sees_the_same_draws_twice():
    np.testing.assert_allclose(
        made(loop_in_a_loop, "DebugMode")(np.arange(3.0)), made(loop_in_a_loop, "FAST_RUN")(np.arange(3.0))
    )


def test_gradient_through_draws_of_inner_loops():
    """Chunks are loops in a loop: what they draw is what one loop draws, forwards and in the gradient, to second order."""
    w = T.dscalar("w")
    answers = []
    for every in (None, 2):
        s = RandomStreams(3)
        rows, updates = theano.scan(
            lambda a, h: T.tanh(h * w + s.normal((2,)) * a), x, T.zeros((2,)), checkpoint_every=every
        )
        first = T.grad(T.sqr(rows).sum(), [x, w])
        second = T.grad(T.sqr(first[0]).sum() + first[1], [x, w])
        function = theano.function([x, w], [rows, *first, *second], updates=updates)
        answers.append([*function(np.arange(5.0) / 4, 0.7), *function(np.arange(5.0) / 4, 0.7)])
    for answer in answers[1:]:
        for got, want in zip(answer, answers[0], strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9)


def drawing_until(s, w):
    def outer(a, h):
        step = lambda g: (g * w + a * 0.1 + s.uniform((), low=0.5, high=1.5), until(g > a))  # noqa: E731
        rows, updates = theano.scan(step, outputs_info=h, n_steps=20)
        return T.tanh(rows[-1] * 0.5 + rows.sum() * 0.01), updates

    return theano.scan(outer, x, T.zeros(()))[0]


def drawing_more_each_step(s, w):
    return theano.scan(lambda a, i, h: T.tanh(h * w + (s.normal((i,)) * a).sum()), [x, T.arange(9)], T.zeros(()))[0]


@pytest.mark.parametrize("program", [drawing_until, drawing_more_each_step])
def test_gradient_of_steps_that_draw_unlike_numbers_draws_them_again(program):
    """An inner loop with until makes another number of draws in each step: rows of them could not be stacked."""
    w = T.dscalar("w")
    rows = program(RandomStreams(3), w)
    cost = T.sqr(rows).sum()
    slopes = T.grad(cost, [x, w])
    along = T.grad(slopes[0].sum() + slopes[1], [x, w])
    same = dict(no_default_updates=True)  # the same draws in each call
    value = theano.function([x, w], [cost, slopes[0].sum() + slopes[1]], **same)
    given, eps = (np.asarray([2.0, 5.0, 3.0, 1.0]), 0.9), 1e-6
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        found = theano.function([x, w], [*slopes, *along], mode=mode, **same)(*given)
        for first in (0, 1):
            for place in range(4):
                step = eps * (np.arange(4) == place)
                wanted = (value(given[0] + step, 0.9)[first] - value(given[0] - step, 0.9)[first]) / (2 * eps)
                np.testing.assert_allclose(found[2 * first][place], wanted, rtol=1e-5, atol=1e-8)
            wanted = (value(given[0], 0.9 + eps)[first] - value(given[0], 0.9 - eps)[first]) / (2 * eps)
            np.testing.assert_allclose(found[2 * first + 1], wanted, rtol=1e-5, atol=1e-8)


def test_updates_that_were_forgotten_are_asked_for():
    s = RandomStreams(3)
    rows, updates = theano.scan(lambda i: s.normal((i,)).sum(), T.arange(3))
    with pytest.raises(theano.gof.fg.MissingInputError, match="give function the updates that scan returned"):
        theano.function([], rows)
    assert theano.function([], rows, updates=updates)().shape == (3,)
