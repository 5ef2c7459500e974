"""Reductions of arrays whose axes lie in any order and direction in memory."""

import itertools

import numpy as np

import theano
import theano.tensor as T
from theon.codegen import turned


def orders(x):
    """The same numbers with their axes in each order in memory, forwards and backwards."""
    for order in itertools.permutations(range(x.ndim)):
        back = np.argsort(order)
        yield order, np.ascontiguousarray(x.transpose(order)).transpose(back)
    flipped = tuple(slice(None, None, -1) for _ in range(x.ndim))
    yield "backwards", np.ascontiguousarray(x[flipped])[flipped]
    yield "half backwards", np.asfortranarray(x[::-1, :, ::-1])[::-1, :, ::-1]


def test_reductions_of_arrays_in_any_order():
    v = T.ftensor3("v")
    f = theano.function([v], [v.sum(0), v.sum((0, 1)), v.sum((0, 2)), v.sum(), v.max(1)])
    for shape in ((40, 30, 50), (1, 300, 70), (129, 1, 200)):
        x = np.random.RandomState(0).randint(-99, 99, shape).astype("float32")
        for order, y in orders(x):
            wanted = [x.sum(0), x.sum((0, 1)), x.sum((0, 2)), x.sum(), x.max(1)]
            for found, right in zip(f(y), wanted):
                np.testing.assert_array_equal(found, right, err_msg=f"{shape} {order}")


def test_two_arrays_in_different_orders():
    a, b = T.dmatrices("a", "b")
    f = theano.function([a, b], [(a * b).sum(0), (a - b).max(1), (a + b).sum()])
    x, y = (np.random.RandomState(i).randint(-9, 9, (150, 170)).astype("float64") for i in range(2))
    for p, q in itertools.product((np.ascontiguousarray, np.asfortranarray), repeat=2):
        found = f(p(x), q(y))
        for one, right in zip(found, ((x * y).sum(0), (x - y).max(1), (x + y).sum())):
            np.testing.assert_array_equal(one, right)


def test_nan_and_dtypes_in_fortran_order():
    x = np.random.RandomState(0).randn(130, 140)
    for dtype in ("float64", "uint8", "int64", "bool"):
        v = T.TensorType(dtype, (False, False))("v")
        made = [v.any(0), v.all(1)] if dtype == "bool" else [v.max(0), v.min(1)]
        f = theano.function([v], made)
        y = np.asfortranarray(x > 2 if dtype == "bool" else (x * 9).astype(dtype))
        if dtype.startswith("float"):
            y[5, 3] = np.nan
        wanted = [y.any(0), y.all(1)] if dtype == "bool" else [y.max(0), y.min(1)]
        for one, right in zip(f(y), wanted):
            np.testing.assert_array_equal(one, right, err_msg=dtype)


def test_code_for_another_order_is_made_once_and_only_for_large_arrays():
    v = T.fmatrix("v")
    f = theano.function([v], T.sqr(v * 3 - 11).sum(0))  # a kernel of no other test
    made = [one for one in f._native.module.kept if isinstance(one, turned.Turned)]
    assert made and not any(one.kept for one in made)
    f(np.asfortranarray(np.ones((20, 30), "float32")))
    f(np.ones((300, 200), "float32"))
    assert not any(one.kept for one in made)
    for _ in range(3):
        f(np.asfortranarray(np.ones((300, 200), "float32")))
    assert [len(one.kept) for one in made if one.kept] in ([1], [1, 1])
