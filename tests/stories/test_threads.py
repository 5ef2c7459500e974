"""Many threads: one function, functions that share variables, compiling at the same time."""

import multiprocessing
import pickle
import threading

import numpy as np

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
