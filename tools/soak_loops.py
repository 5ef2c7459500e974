"""Calls of loops, many times each: the memory that a process holds stays what it was.

    python tools/soak_loops.py --count 10000     each kind of loop as many times; prints by how many bytes memory grew

Each kind is called once with every length, then ``--warm-up`` times, before memory is measured. The tests run the same with
small counts.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import time
from collections.abc import Callable

import numpy as np

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import until
from theano.tensor.shared_randomstreams import RandomStreams

LENGTHS = (3, 7, 12)


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def lstm():
    """An LSTM with the gradients of its weights."""
    size = 8
    x, w = T.dtensor3("x"), theano.shared(np.full((2 * size, 4 * size), 0.01))

    def step(a, h, c, w):
        z = T.dot(T.concatenate([a, h], axis=1), w)
        i, f, o, g = (z[:, k * size : (k + 1) * size] for k in range(4))
        c = T.nnet.sigmoid(f) * c + T.nnet.sigmoid(i) * T.tanh(g)
        return T.nnet.sigmoid(o) * T.tanh(c), c

    (h, _), _ = theano.scan(step, x, [T.zeros((4, size)), T.zeros((4, size))], w)
    f = theano.function([x], h[-1], updates=[(w, w - 0.01 * T.grad(T.sqr(h).sum(), w))])
    return lambda n: f(np.ones((n, 4, size)))


def nested():
    """A loop in a loop, the inner one of another length in each step, with the gradient."""
    x = T.dvector("x")

    def outer(a, i, h):
        rows, _ = theano.scan(lambda g: T.tanh(g * a), outputs_info=h, n_steps=i % 5)
        return T.concatenate([h[None, :], rows]).mean(axis=0)

    h, _ = theano.scan(outer, [x, T.arange(x.shape[0])], T.ones((300,)))
    f = theano.function([x], [h, T.grad(h.sum(), x)])
    return lambda n: f(np.full(n, 0.9))


def stopping():
    """Loops that stop early, alone and in a loop, with gradients."""
    x = T.dvector("x")

    def root(a):
        rows, _ = theano.scan(
            lambda r: (r - (r * r - a) / (2 * r), until(abs(r * r - a) < 1e-9)),
            outputs_info=T.maximum(a, 1),
            n_steps=50,
        )
        return rows[-1]

    roots, _ = theano.scan(root, x)
    sums, _ = theano.scan(lambda a, h: (h + a, until(h > 5)), x, T.zeros(()))
    f = theano.function([x], [roots, sums, T.grad(roots.sum() + sums.sum(), x)])
    return lambda n: f(np.arange(1.0, n + 1))


def choosing():
    """A choice in each step, with the gradient."""
    x, h0 = T.dvector("x"), T.dvector("h0")
    h, _ = theano.scan(lambda a, h: ifelse(a > 0, T.tanh(h * a), h[::-1] * 0.5), x, h0)
    f = theano.function([x, h0], [h, *T.grad(h.sum(), [x, h0])])
    return lambda n: f(np.arange(n) % 2 - 0.5, np.ones(500))


def drawing():
    """Draws from both kinds of streams in each step, with the gradient, the states updated."""
    x, numpy_stream, mrg = T.dvector("x"), RandomStreams(1), theano.sandbox.rng_mrg.MRG_RandomStreams(1)
    h, updates = theano.scan(lambda a, h: h * a + numpy_stream.normal((200,)) * mrg.uniform((200,)), x, T.zeros((200,)))
    f = theano.function([x], [h, T.grad(T.sqr(h).sum(), x)], updates=updates)
    return lambda n: f(np.full(n, 0.9))


def failing():
    """Native steps that fail: the index of the last row is out of bounds."""
    x, i = T.dvector("x"), T.lvector("i")
    rows, _ = theano.scan(lambda i: x[i] * T.ones((2000,)), i)
    f = theano.function([x, i], rows)

    def call(n):
        with contextlib.suppress(IndexError):
            f(np.ones(n), np.arange(1, n + 1))
            raise AssertionError("an index out of bounds was taken")

    return call


def raising():
    """Steps in Python of which the last one raises, with shared variables that stay as they are."""

    @theano.compile.ops.as_op([T.dscalar], [T.dvector])
    def wide(v):
        if v > 0:
            raise RuntimeError("too large")
        return np.full(2000, float(v))

    x, total = T.dvector("x"), theano.shared(0.0)
    rows, updates = theano.scan(lambda a: (wide(a) * 2, {total: total + 1}), x)
    f = theano.function([x], rows, updates=updates)

    def call(n):
        with contextlib.suppress(RuntimeError):
            f(np.arange(1.0 - n, 1.5))
            raise AssertionError("a step that fails was taken")
        assert total.get_value() == 0

    return call


KINDS: dict[str, Callable] = {
    made.__name__: made for made in (lstm, nested, stopping, choosing, drawing, failing, raising)
}


def grown(kind: str, count: int, warm_up: int = 1000) -> dict[str, float]:
    """Call a loop ``count`` times; return seconds and by how many bytes memory grew, in the first and the second half."""
    call = KINDS[kind]()
    for turn in range(warm_up):
        call(LENGTHS[turn % 3])
    gc.collect()
    places, start = [resident()], time.perf_counter()
    for _ in range(2):
        for turn in range(count // 2):
            call(LENGTHS[turn % 3])
        gc.collect()
        places.append(resident())
    return {
        "calls": count,
        "seconds": time.perf_counter() - start,
        "first half": places[1] - places[0],
        "grown": places[2] - places[1],
    }


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--warm-up", type=int, default=1000)
    given = parser.parse_args()
    worst = 0.0
    for kind in given.kinds or KINDS:
        found = grown(kind, given.count, given.warm_up)
        print(f"{kind:10}", "  ".join(f"{name} {value:,.1f}" for name, value in found.items()), flush=True)
        worst = max(worst, found["grown"])
    if worst > 1_000_000:
        raise SystemExit("memory grew by more than 1,000,000 bytes in the second half")


if __name__ == "__main__":
    main()
