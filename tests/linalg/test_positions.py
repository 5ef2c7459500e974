"""Ranges, unit matrices, triangles and diagonals in native code, alone and inside other expressions, against NumPy."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.ops.linalg import triangle
from theon.schedule.step import PythonCall

rng = np.random.RandomState(2)
m, v, n = T.dmatrix("m"), T.dvector("v"), T.lscalar("n")

CASES = {
    "eye": (lambda: T.eye(n, n + 2, 1), lambda n: np.eye(n, n + 2, 1), [n]),
    "eye below": (lambda: 3 * T.eye(n, k=-1), lambda n: 3 * np.eye(n, k=-1), [n]),
    "matrix and eye": (
        lambda: T.exp(m) + 2 * T.eye(m.shape[0], m.shape[1]),
        lambda m: np.exp(m) + 2 * np.eye(*m.shape),
        [m],
    ),
    "sum of eye": (lambda: T.eye(n).sum(), lambda n: np.eye(n).sum(), [n]),
    "rows of eye": (lambda: (T.eye(n) * 2).sum(axis=0), lambda n: 2 * np.ones(n), [n]),
    "largest of range": (lambda: (-T.arange(n)).max(), lambda n: np.array(0), [n]),
    "turned eye": (lambda: T.eye(n, n + 1).T, lambda n: np.eye(n, n + 1).T, [n]),
    "range": (lambda: T.arange(n), np.arange, [n]),
    "range by threes": (lambda: T.arange(2, n, 3) * 2, lambda n: np.arange(2, n, 3) * 2, [n]),
    "range downwards": (lambda: T.arange(n, -2, -2), lambda n: np.arange(n, -2, -2), [n]),
    "sum of range": (lambda: (T.arange(n) * T.arange(n)).sum(), lambda n: (np.arange(n) ** 2).sum(), [n]),
    "table": (
        lambda: T.arange(n).dimshuffle(0, "x") * 10 + T.arange(n),
        lambda n: np.arange(n)[:, None] * 10 + np.arange(n),
        [n],
    ),
    "range and vector": (lambda: v * T.arange(v.shape[0]), lambda v: v * np.arange(len(v)), [v]),
    "range along rows": (lambda: m + T.arange(m.shape[1]), lambda m: m + np.arange(m.shape[1]), [m]),
    "stacked ranges": (
        lambda: T.stack([T.arange(n), T.arange(n) + 5]),
        lambda n: np.stack([np.arange(n), np.arange(n) + 5]),
        [n],
    ),
    "spread range": (lambda: T.alloc(T.arange(n), 3, n), lambda n: np.tile(np.arange(n), (3, 1)), [n]),
    "picked": (lambda: v[T.arange(v.shape[0] // 2)], lambda v: v[: len(v) // 2], [v]),
    "tril": (lambda: T.tril(m), np.tril, [m]),
    "triu": (lambda: T.triu(m, -1).sum(axis=1), lambda m: np.triu(m, -1).sum(axis=1), [m]),
    "triangle": (lambda: triangle(m * 2, True, -1), lambda m: np.tril(m * 2, -1), [m]),
    "upper triangle": (lambda: triangle(m, False, 1).T, lambda m: np.triu(m, 1).T, [m]),
    "diagonal": (lambda: T.diag(m) * 2, lambda m: np.diag(m) * 2, [m]),
    "diagonal above": (lambda: T.diagonal(m, 2), lambda m: np.diagonal(m, 2), [m]),
    "diagonal below": (lambda: T.diagonal(m.T, -1).sum(), lambda m: np.diagonal(m.T, -1).sum(), [m]),
    "matrix of diagonal": (lambda: T.diag(T.exp(v)), lambda v: np.diag(np.exp(v)), [v]),
    "matrix of diagonal above": (lambda: T.diag(v, 2), lambda v: np.diag(v, 2), [v]),
    "gradient of trace": (
        lambda: T.grad(T.nlinalg.trace(m) ** 2, m),
        lambda m: 2 * np.trace(m) * np.eye(*m.shape),
        [m],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_native_and_numpy_agree(name):
    ours, reference, inputs = CASES[name]
    f = theano.function(inputs, ours())
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    values = {
        m: [rng.randn(4, 4), rng.randn(7, 5), rng.randn(3, 9)[:, ::-1], rng.randn(1, 4), rng.randn(70, 80)],
        v: [rng.randn(6), rng.randn(1), rng.randn(300)],
        n: [5, 1, 70],
    }[inputs[0]]
    for x in values:
        got = f(x)
        np.testing.assert_allclose(got, reference(x), rtol=1e-12)


def test_a_triangle_keeps_what_stands_in_the_other_one_out():
    x = np.array([[1.0, np.nan], [2.0, 3.0]])
    np.testing.assert_array_equal(theano.function([m], triangle(m, True))(x), np.tril([[1, 0], [2, 3]]))


def test_state_replaced_by_a_range_of_itself():
    state = theano.shared(np.arange(4.0))
    f = theano.function([], [], updates=[(state, T.arange(4) * state[::-1])])
    f()
    np.testing.assert_array_equal(state.get_value(), np.arange(4) * np.arange(4.0)[::-1])


def test_ranges_inside_a_loop():
    rows, _ = theano.scan(lambda i, s: s + T.arange(3) * i, T.arange(n), T.zeros(3))
    got = theano.function([n], rows)(4)
    np.testing.assert_array_equal(got, np.cumsum(np.arange(4)[:, None] * np.arange(3.0), axis=0))
