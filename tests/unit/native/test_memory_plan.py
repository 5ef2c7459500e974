"""Temporaries that are never needed at the same time share their bytes."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen.contents import ARENA_SIZE
from theon.kernel.scalar import INDEX, const, make
from theon.schedule.memory import lifetimes, planned
from theon.schedule.step import Buffer, HostScalar, NativeCall, Tensor


def arena(f):
    return int(f._native.state[ARENA_SIZE])


@pytest.mark.parametrize("known", [True, False])
def test_a_chain_of_products_works_in_the_memory_of_two_matrices(known):
    n = 24
    x = T.TensorType("float64", shape=(40, 40))("x") if known else T.dmatrix("x")
    factors = [x.type() if known else T.dmatrix() for _ in range(n)]
    y = x
    for w in factors:
        y = T.dot(y, w)
    f = theano.function([x, *factors], y)
    rng = np.random.RandomState(0)
    values = [rng.randn(40, 40) / 6 for _ in range(n + 1)]
    expected = values[0]
    for value in values[1:]:
        expected = expected @ value
    np.testing.assert_allclose(f(*values), expected, atol=1e-12)
    assert arena(f) <= 2 * (40 * 40 * 8 + 64)


def test_sizes_that_differ_when_the_function_runs_may_share():
    x, a, b, c = (T.dmatrix(name) for name in "xabc")
    f = theano.function([x, a, b, c], T.dot(T.dot(T.dot(T.dot(x, a), b), c), a))
    rng = np.random.RandomState(1)
    x, a, b, c = rng.randn(3, 5), rng.randn(5, 70), rng.randn(70, 2), rng.randn(2, 5)
    np.testing.assert_allclose(f(x, a, b, c), x @ a @ b @ c @ a)


@pytest.mark.parametrize("seed", range(6))
def test_random_graphs_of_products_sums_and_steps_in_python_keep_what_is_still_read(seed):
    rng = np.random.RandomState(seed)
    x = T.dmatrix("x")
    known = [x, T.tanh(x)]
    for _ in range(40):
        a, b = (known[i] for i in rng.randint(len(known), size=2))
        kind = rng.randint(6)
        if kind == 0:
            new = T.dot(a, b) / 3
        elif kind == 1:
            new = T.tanh(a.T + b)
        elif kind == 2:
            new = a - b.sum(axis=0)
        elif kind == 3:
            new = T.cumsum(a, axis=1) * b[::-1]
        elif kind == 4:
            new = theano.scan(lambda row, m: T.tanh(row + m.sum(axis=0)), sequences=a, non_sequences=b)[0]
        else:
            new = Negated()(T.sin(a)) + b
        known.append(T.clip(new, -2, 2))
    outputs = [known[i] for i in rng.randint(len(known), size=3)] + known[-1:]
    given = rng.randn(4, 4)
    for mode in (None, theano.Mode(optimizer="fast_compile"), theano.Mode().excluding("fusion")):
        found = theano.function([x], outputs, mode=mode)(given)
        reference = theano.function([x], outputs, mode="FAST_COMPILE")(given)
        for value, expected in zip(found, reference):
            np.testing.assert_allclose(value, expected, atol=1e-9)


class Negated(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = -inputs[0]


def plan(sizes, steps, results=()):
    buffers = [Buffer(k, "temp", 0, n, k) for k, n in enumerate(sizes)]
    tensors = [Tensor(k, k, "float64", 1, (const(9),), (const(8),), const(0)) for k in range(len(sizes))]
    return [*tensors, Tensor(9, 9, "float64", 1)], buffers, steps, results


def call(*numbers):
    return NativeCall("copy", numbers[:-1], numbers[-1:])


def test_what_one_step_touches_never_shares():
    size = const(100)
    slots = [b.slot for b in planned(*plan([size] * 5, [call(0, 1), call(1, 2), call(2, 3), call(3, 4)]))]
    assert slots == [0, 1, 0, 1, 0]
    assert lifetimes(*plan([size] * 2, [call(0), call(1)], [0])) == {0: (0, 2), 1: (1, 1)}


def test_memory_of_very_different_sizes_is_not_shared():
    n = make("dim", INDEX, (), (9, 0))
    several = [const(100), make("mul", INDEX, (n, const(8))), const(5000), make("mul", INDEX, (n, const(8)))]
    slots = [b.slot for b in planned(*plan(several, [call(0), call(1), call(2), call(3)]))]
    assert slots == [0, 1, 2, 1]


def test_a_number_that_tells_a_size_lives_until_the_memory_is_there():
    tensors, buffers, _, results = plan([const(100), const(100), const(100)], [])
    elem = make("elem", "float64", (), 0)
    tensors[0] = Tensor(0, 0, "float64", 0, (), (), const(0))
    buffers[2] = Buffer(2, "temp", 0, make("cast", INDEX, (elem,)), 2)
    steps = [HostScalar(const(3.0, "float64"), 0), call(1), call(2)]
    assert lifetimes(tensors, buffers, steps, results)[0] == (0, 2)
