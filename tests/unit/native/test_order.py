"""Sorting, places of the sorted, the largest few: native, as NumPy's stable sort has them, and their gradients."""

import ctypes

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen import jit, quicksort, target
from theon.codegen.contents import flat
from theon.schedule.step import PythonCall

RNG = np.random.RandomState(0)
KINDS = ("bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64")


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not [s for s in flat(f._native.program.steps) if isinstance(s, PythonCall)]
    return f


def drawn(kind, shape, step=1.0):
    """Numbers with repeats; of floats some are NaN, infinite or negative zeros."""
    x = np.round(RNG.normal(size=shape) * 40 / step) * step
    if kind == "bool":
        return x > 0
    if not kind.startswith("float"):
        return x.astype("int64").astype(kind)
    x = x.astype(kind)
    for special in (np.nan, -np.nan, np.inf, -np.inf, *([-0.0] if kind != "float16" else [])):  # NumPy's halves
        x[RNG.rand(*shape) < 0.03] = special
    return x


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_sorted_along_every_axis(kind):
    x = T.tensor3(dtype=kind)
    axes = (0, 1, 2, -1, None)
    f = native([x], [op(x, axis=axis) for axis in axes for op in (T.sort, T.argsort)])
    for shape in [(2, 3, 4), (0, 3, 2), (2, 0, 3), (1, 300, 2), (3, 1, 40), (17, 17, 17)]:
        value = drawn(kind, shape)
        for given in (value, np.asfortranarray(value), value[:, ::-1]):
            found = iter(f(given))
            for axis in axes:
                np.testing.assert_array_equal(next(found), np.sort(given, axis=axis))
                np.testing.assert_array_equal(next(found), np.argsort(given, axis=axis, kind="stable"))


@pytest.mark.parametrize("step", [1e-12, 1.0, 1e9])
def test_places_of_numbers_whose_first_bits_are_equal(step):
    x = T.dvector()
    f = native([x], [T.argsort(x), T.argsort(T.cast(x, "int64")), T.sort(x)])
    value = 1 + np.round(RNG.normal(size=3000) * 900) * step
    value[RNG.randint(0, 3000, 5)] = [1e300, -1e300, 0, np.nan, 1e-300]
    whole = np.nan_to_num(value, nan=0, posinf=0, neginf=0).clip(-1e18, 1e18)
    np.testing.assert_array_equal(f(value)[0], np.argsort(value, kind="stable"))
    np.testing.assert_array_equal(f(whole)[1], np.argsort(whole.astype("int64"), kind="stable"))
    np.testing.assert_array_equal(f(value)[2], np.sort(value))


@pytest.mark.parametrize("kind", ["int8", "uint32", "int64", "float32", "float64"])
def test_the_first_few_of_lines(kind):
    x, k = T.matrix(dtype=kind), T.lscalar()
    results = [
        found
        for axis in (0, 1)
        for found in (*T.topk_and_argtopk(x, k, axis, idx_dtype="int32"), T.topk(x, k, axis), T.argtopk(x, k, axis))
    ]
    f, reference = native([x, k], results), theano.function([x, k], results, mode="FAST_COMPILE")
    falling = np.arange(5000).reshape(1, 5000).repeat(2, 0) // 3
    values = [drawn(kind, shape) for shape in [(1, 7), (3, 40), (2, 4000), (600, 600)]]
    for value in (*values, falling.astype(kind), falling[:, ::-1].astype(kind)):
        n = min(value.shape)
        for count in {1, -1, n, -n, (n + 1) // 2, -((n + 1) // 2)}:
            for found, wanted in zip(f(value, count), reference(value, count)):
                assert found.dtype == wanted.dtype
                np.testing.assert_array_equal(found, wanted)
    for count in (0, 4, -4):
        with pytest.raises(ValueError, match="kth"):
            f(drawn(kind, (3, 5)), count)


def test_many_more_than_are_wanted_of_a_long_line():
    x = T.fvector()
    f = native([x], [T.argtopk(x, 900), T.argtopk(x, -900), T.topk(x, 900)])
    value = RNG.normal(size=40_000).astype("f")
    order = np.argsort(value, kind="stable")
    for given, places in (
        (value, order),
        (np.sort(value), np.arange(40_000)),
        (-np.sort(value), np.arange(40_000)[::-1]),
    ):
        largest, smallest, values = f(given)
        np.testing.assert_array_equal(largest, places[::-1][:900])
        np.testing.assert_array_equal(smallest, places[:900])
        np.testing.assert_array_equal(values, given[largest])


def test_gradients_go_back_to_where_values_came_from():
    x, g, axis = T.dmatrix(), T.dmatrix(), T.lscalar()
    sums = [(T.sort(x, a) * g).sum() for a in (0, 1)] + [(T.sort(x, None) * g.flatten()).sum()]
    first = [(T.topk(x, k, a) * (g[:2] if a == 0 else g[:, :2])).sum() for k in (2, -2) for a in (0, 1)]
    f = native([x, g], [T.grad(s, x) for s in (*sums, *first)])
    reference = theano.function([x, g], [T.grad(s, x) for s in (*sums, *first)], mode="FAST_COMPILE")
    for value in (RNG.rand(5, 6), np.round(RNG.rand(20, 30) * 4)):
        weights = RNG.rand(*value.shape)
        for found, wanted in zip(f(value, weights), reference(value, weights)):
            np.testing.assert_array_equal(found, wanted)
    theano.gradient.verify_grad(lambda v: T.sqr(T.grad((T.sort(v, 0) ** 3).sum(), v)), [RNG.rand(4, 3)], rng=RNG)
    theano.gradient.verify_grad(lambda v: T.sqr(T.grad((T.topk(v, 2) ** 3).sum(), v)), [RNG.rand(4, 3)], rng=RNG)
    h = native([x, axis], [T.sort(x, axis), T.argsort(x, axis)])
    for d in (0, 1, -1, -2):
        np.testing.assert_array_equal(h(value, d)[0], np.sort(value, d))
        np.testing.assert_array_equal(h(value, d)[1], np.argsort(value, d, kind="stable"))
    with pytest.raises(ValueError, match="axis"):
        h(value, 2)


def test_a_kind_that_there_is_not_is_refused():
    x = T.dvector()
    with pytest.raises(ValueError, match="kind"):
        theano.function([x], T.sort(x, kind="zigzag"))([1.0])
    with pytest.raises(ValueError, match="axis"):
        theano.function([x], T.sort(x, axis=1))([1.0])


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("kind", ["i32", "i64"])
def test_keys_are_sorted_with_vectors_of_any_width(kind, wide, monkeypatch):
    if wide and not target.wide_vectors():
        pytest.skip("this machine has no vectors of 512 bits")
    monkeypatch.setattr(target, "wide_vectors", lambda: wide)
    text = quicksort.quicksort_text(kind)
    names = f"theon_sort_{kind}", f"theon_select_{kind}"
    module = jit.compile_module(text, {}, names)
    dtype, number = (np.uint32, ctypes.c_uint32) if kind == "i32" else (np.uint64, ctypes.c_uint64)
    place, size = ctypes.c_void_p, ctypes.c_int64
    sort = ctypes.CFUNCTYPE(None, place, place, size)(module.address(names[0]))
    select = ctypes.CFUNCTYPE(number, place, place, size, size)(module.address(names[1]))
    for n in [*range(0, 300, 7), 1000, 4097, 20_003]:
        for most in (2, 50, 2**20, np.iinfo(dtype).max):
            keys = RNG.randint(0, most, size=n, dtype=dtype)
            keys = np.sort(keys)[:: RNG.choice([-1, 1])] if n % 2 else keys
            given = np.concatenate([keys, np.full(9, 77, dtype)])
            spare = np.empty(n + quicksort.PADDING, dtype)
            sort(given.ctypes.data, spare.ctypes.data, n)
            np.testing.assert_array_equal(given[:n], np.sort(keys))
            assert (given[n:] == 77).all()
            if n:
                k, given = int(RNG.randint(1, n + 1)), keys.copy()
                assert select(given.ctypes.data, spare.ctypes.data, n, k) == np.sort(keys)[k - 1]
