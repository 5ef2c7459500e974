"""Many threads: one function, functions that share variables, compiling at the same time."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import theano
import theano.tensor as T


def together(work, n=8):
    wrong = []

    def guarded(k):
        try:
            work(k)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=guarded, args=(k,)) for k in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong, wrong[0]


def test_one_function_from_eight_threads():
    x = T.dmatrix("x")
    f = theano.function([x], [T.nnet.softmax(T.dot(x, x)), T.tanh(x).sum()])
    inputs = [np.random.RandomState(k).randn(20 + k, 20 + k) for k in range(8)]
    expected = [f(value) for value in inputs]

    def work(k):
        for turn in range(400):
            for a, b in zip(f(inputs[k]), expected[k]):
                np.testing.assert_array_equal(a, b)
            if turn % 50 == 0:
                f(inputs[k].tolist())  # the way of conversions
                try:
                    f(inputs[k][0])
                except TypeError:
                    pass

    together(work)


def test_updates_of_one_variable_from_eight_threads_are_whole():
    w, x = theano.shared(np.zeros((40, 40)), "w"), T.dscalar("x")
    up = theano.function([x], [w.min(), w.max()], updates=[(w, w + x)])
    down = theano.function([], [w.min(), w.max()], updates=[(w, w - 1)])

    def work(k):
        for _ in range(500):
            low, high = up(1.0) if k % 2 else down()
            assert low == high

    together(work)
    assert np.ptp(w.get_value()) == 0 and w.get_value()[0, 0] == 0  # as many up as down


def test_compiling_in_eight_threads():
    def work(k):
        x = T.dvector("x")
        for n in range(3):
            f = theano.function([x], T.grad((T.exp(x) * (k + n)).sum(), x))
            np.testing.assert_allclose(f([0.0, 1.0]), (k + n) * np.exp([0.0, 1.0]))

    together(work)


def called(text):
    return pickle.loads(text)(2.0).tolist()


def test_functions_are_sent_to_other_processes():
    x = T.dscalar("x")
    w = theano.shared(np.arange(3.0), "w")
    f = theano.function([x], T.exp(w * x), updates=[(w, w + 1)])
    text = pickle.dumps(f)
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        found = pool.map(called, [text] * 4)
    assert found == [np.exp(np.arange(3.0) * 2).tolist()] * 4


def ran(code, cache):
    environment = os.environ | {"THEON_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", code]  # Python warns of every fork of a process with threads
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_threads_that_are_the_first_to_need_the_special_functions(tmp_path):
    """Each compiled the functions for itself; only one copy was kept, and the others' code called freed memory."""
    code = """
import sys, threading
import numpy as np, scipy.special, theano, theano.tensor as T
sys.setswitchinterval(1e-5)
wrong, start = [], threading.Barrier(6)

def work(k):
    a, b = T.dvectors("ab")
    y = T.gammainc(a, b) * (k + 1)
    start.wait()
    f = theano.function([a, b], y)
    if not np.allclose(f([1.5, 2.0], [2.0, 3.0]), (k + 1) * scipy.special.gammainc([1.5, 2.0], [2.0, 3.0])):
        wrong.append(k)

threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
print(wrong)
"""
    assert ran(code, tmp_path) == "[]"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_that_forks_while_another_thread_compiles(tmp_path):
    """The child had a copy of the lock that the other thread held, and waited for it for ever."""
    code = """
import os, signal, threading, time
import numpy as np, theano, theano.tensor as T
x = T.dvector("x")
go_on = True

def compiled(k):
    return theano.function([x], T.tanh(x * k) + T.exp(x) / k)

def busy():
    k = 1.25
    while go_on:
        compiled(k := k + 1)

thread = threading.Thread(target=busy)
compiled(0.5)
thread.start()
failed = 0
for k in range(100, 106):
    time.sleep(0.01)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        good = False
        try:
            good = np.allclose(compiled(k)([1.0]), np.tanh(k) + np.e / k)
        finally:
            os._exit(0 if good else 1)
    failed += os.waitpid(child, 0)[1] != 0
go_on = False
thread.join()
print(failed)
"""
    assert ran(code, tmp_path) == "0"
