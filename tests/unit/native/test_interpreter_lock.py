"""Long native work leaves the interpreter to other threads; a function may be called from many of them at once."""

import sys
import threading
import time

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen.program import program_text


def test_others_run_python_during_a_long_call():
    x = T.dvector("x")
    f = theano.function([x], T.tanh(T.exp(x)).sum())
    data, begun, turns, over = np.zeros(3_000_000), threading.Event(), [0], threading.Event()

    def other():
        begun.set()
        while not over.is_set():
            turns[0] += 1
            time.sleep(1e-4)  # gives the interpreter back

    before = sys.getswitchinterval()
    thread = threading.Thread(target=other)
    try:
        sys.setswitchinterval(1000.0)  # nobody has to give the interpreter up
        thread.start()
        begun.wait()
        first = turns[0]
        for _ in range(20):
            f(data)
        assert turns[0] > first
    finally:
        sys.setswitchinterval(before)
        over.set()
        thread.join()


def _lets_go(f):
    entry = program_text(f._native.program).partition("define ptr @theon_entry(")[2]
    return "call void @theon_release" in entry


def test_short_functions_keep_the_interpreter():
    state, x = theano.shared(0), T.iscalar("x")
    assert not _lets_go(theano.function([x], state, updates=[(state, state + x)]))
    v = T.dvector("v")
    assert _lets_go(theano.function([v], T.exp(v)))


def test_many_threads_call_one_function():
    x, i = T.dmatrix("x"), T.lvector("i")
    w = theano.shared(np.random.RandomState(0).randn(300, 200))
    f = theano.function([x, i], [T.tanh(T.dot(x, w)).sum(0), x[i].sum()])
    given = [np.random.RandomState(k).randn(400, 300) for k in range(4)]
    wanted = [f(g, [0, 3]) for g in given]
    wrong = []

    def call(k):
        for turn in range(15):
            if turn % 5 == 4:
                with pytest.raises((IndexError, ValueError)):
                    f(given[k], [0, 400 + k])
                continue
            found = f(given[k], [0, 3])
            if not all(np.array_equal(a, b) for a, b in zip(found, wanted[k])):
                wrong.append(k)

    threads = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_python_steps_have_the_interpreter():
    class Twice(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = 2 * inputs[0]

    x = T.dvector("x")
    f = theano.function([x], [T.exp(Twice()(T.sin(x))), T.cos(x)])
    data = np.linspace(0, 1, 200_000)
    first, second = f(data)
    np.testing.assert_allclose(first, np.exp(2 * np.sin(data)), rtol=1e-14)
    np.testing.assert_allclose(second, np.cos(data), rtol=1e-14)
