"""Sizes that are 1 only when the function runs, sizes that differ, special values: rewriting does not change what they give."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile.mode import FAST_RUN, Mode
from theano.tensor.subtensor import Subtensor
from theon.ops.dims import Rebroadcast
from theon.ops.join import Join, MakeVector
from theon.ops.shape import Shape_i

x, y, z = T.dvectors("x", "y", "z")
a, b = T.dmatrices("a", "b")
PLAIN = Mode("py", None)

ONES = {
    "x * 0 + y": x * 0 + y,
    "(x + y) - y": (x + y) - y,
    "(x * y) / y": (x * y) / y,
    "x * ones_like(y)": x * T.ones_like(y),
    "x + zeros_like(y)": x + T.zeros_like(y),
    "switch(1, x, y)": T.switch(1, x, y),
    "switch(0, x, y)": T.switch(0, x, y),
    "switch(y > 0, x, x)": T.switch(y > 0, x, x),
    "fill(x, y)": T.fill(x, y),
    "x ** zeros_like(y)": x ** T.zeros_like(y),
    "x - x + y": x - x + y,
    "0 / x + y": 0 / x + y,
    "alloc(x, y.shape[0])": T.alloc(x, y.shape[0]),
    "shape of a sum": (x + y).shape,
    "size of a sum": (x * y + 1).shape[0] + T.zeros_like(y),
    "set all": T.set_subtensor(y[:], x),
    "1 - erf": T.ones_like(y) - T.erf(x),
    "log(1 + x)": T.log(T.ones_like(y) + x * x),
    "sum of a stack": T.stack([x + y, y + x]).sum(axis=0),
    "element of a sum": (x + y)[0],
    "clip by itself": T.maximum(x * y, y * x),
}


@pytest.mark.parametrize("name", ONES)
@pytest.mark.parametrize("sizes", [(3, 3), (1, 3), (3, 1), (1, 1)])
def test_a_size_that_is_one_when_the_function_runs(name, sizes):
    values = [np.linspace(0.5, 1.5, n) for n in sizes]
    plain, full = (theano.function([x, y], ONES[name], mode=m, on_unused_input="ignore") for m in (PLAIN, FAST_RUN))
    try:
        expected = plain(*values)
    except Exception as error:
        with pytest.raises(type(error)):
            full(*values)
        return
    found = full(*values)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [n for n in ONES if not n.startswith(("alloc", "shape", "size"))])
def test_sizes_that_differ_are_still_an_error(name):
    full = theano.function([x, y], ONES[name], mode=FAST_RUN, on_unused_input="ignore")
    with pytest.raises((ValueError, AssertionError)):
        full(np.ones(2), np.ones(3))


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 5e-324, 30.0, -40.0])
EXACT = [
    x - 0, x * 1, x / 1, -(-x), abs(-x), x**1, x**0, T.maximum(x, x), x * x, T.lt(x, x), T.eq(x, x), T.le(x, x), T.neq(x, x),
    abs(x) * abs(x), -x * -x, T.cast(T.cast(x, "float64"), "float64"), T.switch(1, x, 0.0), T.sgn(x) * 1, x**2, T.isnan(x - 0),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(EXACT)))
def test_exact_rules_keep_special_values(place):
    plain, full = (theano.function([x], EXACT[place], mode=m) for m in (PLAIN, FAST_RUN))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(full(SPECIAL), plain(SPECIAL))


@pytest.mark.parametrize(
    "output, expected",
    [
        (T.log(T.exp(x) + T.exp(y)), lambda u, w: np.logaddexp(u, w)),
        (T.log1p(T.exp(x)), lambda u, w: np.logaddexp(0, u)),
    ],
)
def test_stabilised_forms_at_the_ends(output, expected):
    f = theano.function([x, y], output, on_unused_input="ignore")
    u = np.array([1000.0, -1000.0, -np.inf, np.inf, 3.0])
    w = np.array([1000.0, -1001.0, -np.inf, 0.0, 3.0])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(f(u, w), expected(u, w), rtol=1e-14)


def test_without_domain_rules_nan_stays_nan():
    f = theano.function([x], [x * 0, x / x, x - x, T.log(x) * 0], mode=FAST_RUN.excluding("domain"))
    with np.errstate(all="ignore"):
        assert all(np.isnan(v[4]) for v in f(SPECIAL))


@pytest.mark.parametrize(
    "output, size",
    [
        (T.dot(a, b).shape, (2, 4)),
        (T.tanh(T.dot(a, b)).sum(axis=0).shape[0], 4),
        (T.concatenate([a, a], axis=1).shape, (2, 6)),
        (T.exp(a)[1:, ::1].shape[0], 1),
        (T.nnet.softmax(T.dot(a, b)).T.shape[0], 4),
        (a.reshape((-1,)).shape[0], 6),
        (T.set_subtensor(T.exp(a)[0], 1).shape[1], 3),
        (T.inc_subtensor(a[:, 1:], 1).flatten().shape[0], 6),
        (T.alloc(1.0, a.shape[0], 5).shape, (2, 5)),
        ((a + a[:1]).shape[0], 2),
    ],
)
def test_asking_for_shapes_computes_no_values(output, size):
    f = theano.function([a, b], output, on_unused_input="ignore")
    assert tuple(np.atleast_1d(f(np.ones((2, 3)), np.ones((3, 4))))) == tuple(np.atleast_1d(size))
    for node in f.maker.fgraph.toposort():
        scalar = node.outputs[0].type.ndim == 0 or isinstance(
            node.op, MakeVector | Rebroadcast | Shape_i | Join | Subtensor
        )
        assert scalar and not str(node.op).startswith("dot"), f"{node} is computed"
