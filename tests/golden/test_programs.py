"""Programs and kernels of small functions as text: what is fused, what is computed where. ``--update-golden`` rewrites them."""

from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon import optim
from theon.compile.explain import program_text

FOLDER = Path(__file__).parent / "programs"


def chain():
    x = T.fvector("x")
    return theano.function([x], T.tanh(2 * x + 1) * T.exp(-x))


def sums():
    x = T.dmatrix("x")
    return theano.function([x], [(x * x).sum(axis=1), x.max(axis=0)])


def momentum():
    w, m = (theano.shared(np.zeros((3, 2)), name) for name in ("w", "m"))
    g, rate = T.dmatrix("g"), T.dscalar("rate")
    new = 0.9 * m - rate * g
    return theano.function([g, rate], updates=[(m, new), (w, w + new)])


def optimiser(method):
    w, g = theano.shared(np.zeros((3, 2)), "w"), T.dmatrix("g")
    return theano.function([g], updates=method([g], [w]))


def adam():
    return optimiser(optim.adam)


def rmsprop():
    return optimiser(optim.rmsprop)


def adagrad():
    return optimiser(optim.adagrad)


def adadelta():
    return optimiser(optim.adadelta)


def softmax():
    x = T.dmatrix("x")
    return theano.function([x], T.nnet.softmax(x))


def layer():
    x, w = T.dmatrix("x"), theano.shared(np.zeros((3, 2)), "w")
    b = theano.shared(np.zeros(2), "b")
    cost = T.sqr(T.tanh(T.dot(x, w) + b)).sum()
    return theano.function([x], cost, updates=[(p, p - 0.1 * T.grad(cost, p)) for p in (w, b)])


def rows():
    x, i = T.dmatrix("x"), T.lvector("i")
    return theano.function([x, i], [x[i], T.inc_subtensor(x[i], 1.0)])


def loop():
    v = T.dvector("v")
    return theano.function([v], theano.scan(lambda a, h: a + h / 2, sequences=v, outputs_info=T.zeros(()))[0][-1])


def merged_loops():
    """One loop, though one runs over all rows but the first, the other over all but the last."""
    x, h = T.dmatrix("x"), T.dvector("h")
    sums, _ = theano.scan(lambda a, s: s + T.tanh(a), x[1:], h)
    products, _ = theano.scan(lambda a, p: p * a, x[:-1], h)
    return theano.function([x, h], [sums, products])


PROGRAMS = [
    chain, sums, momentum, adam, rmsprop, adagrad, adadelta, softmax, layer, rows, loop, merged_loops,
]  # fmt: skip


@pytest.mark.parametrize("make", PROGRAMS)
def test_text(make, update_golden):
    path = FOLDER / f"{make.__name__}.txt"
    text = program_text(make()._native.program) + "\n"
    if update_golden:
        path.write_text(text)
    assert text == path.read_text()
