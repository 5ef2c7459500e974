"""Positions are read again after they were checked; an array of them that another thread changes meanwhile does no harm."""

import threading

import numpy as np

import theano
import theano.tensor as T


def test_positions_that_another_thread_changes_stay_within_the_array():
    table, at = T.fmatrix("table"), T.lvector("at")
    f = theano.function([table, at], table[at])
    rows, positions = np.ones((50, 256), "float32"), np.zeros(20_000, "int64")
    done = threading.Event()

    def disturb():
        while not done.is_set():
            positions[10_000:] = 2**40
            positions[10_000:] = -(2**40)
            positions[10_000:] = 0

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(200):
            try:
                assert (f(rows, positions) == 1).all()
            except IndexError:
                pass
    finally:
        done.set()
        thread.join()
    positions[:] = 0
    assert (f(rows, positions) == 1).all()
