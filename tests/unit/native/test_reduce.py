"""Reductions in native code: every axis, dtype and layout against NumPy, NaN, ties, the same bits for any number of threads."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import PythonCall

AXES = [axes for n in (1, 2, 3) for axes in itertools.combinations(range(3), n)]
OPS = {
    "sum": (lambda v, a: v.sum(a), np.sum),
    "prod": (lambda v, a: v.prod(a), np.prod),
    "max": (lambda v, a: v.max(a), np.max),
    "min": (lambda v, a: v.min(a), np.min),
}


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert f._native is not None
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


def layouts(x):
    yield x
    yield np.ascontiguousarray(x.transpose(2, 0, 1)).transpose(1, 2, 0)
    yield np.repeat(x, 2, axis=1)[:, ::2][::-1]
    yield np.broadcast_to(x[:, :1], x.shape)


def values(shape, dtype, rng):
    if dtype == "bool":
        return rng.rand(*shape) > 0.5
    if dtype.startswith("float"):
        return (rng.randint(1, 9, shape) / 8 + 0.5).astype(dtype)
    return rng.randint(1 if dtype.startswith("u") else -4, 5, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint16", "int64"])
def test_each_axis_and_layout(dtype):
    rng = np.random.RandomState(1)
    v = T.TensorType(dtype, (False,) * 3)("v")
    keys = [(name, axes) for name in OPS for axes in AXES]
    f = native([v], [OPS[name][0](v, axes) for name, axes in keys])
    for shape in ((5, 4, 3), (1, 21, 70), (9, 1, 17), (2, 9, 1)):
        for x in layouts(values(shape, dtype, rng)):
            for (name, axes), found in zip(keys, f(x)):
                wanted = OPS[name][1](x, axis=axes, **({"dtype": found.dtype} if name in ("sum", "prod") else {}))
                np.testing.assert_allclose(found, wanted, rtol=1e-5, err_msg=f"{name} over {axes} of {shape}")


def test_logical_ones_and_extremes_of_bools():
    rng = np.random.RandomState(2)
    v = T.TensorType("bool", (False,) * 3)("v")
    names = ["all", "any", "max", "min"]
    f = native([v], [getattr(v, name)(axes) for name in names for axes in AXES])
    for x in layouts(rng.rand(4, 3, 5) > 0.5):
        wanted = [getattr(x, name)(axis=axes) for name in names for axes in AXES]
        for found, want in zip(f(x), wanted):
            np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_first_place_of_the_largest(dtype):
    rng = np.random.RandomState(3)
    v = T.TensorType(dtype, (False,) * 3)("v")
    flat = [T.max_and_argmax(v, axes) for axes in AXES]
    f = native([v], [*itertools.chain(*flat), *(T.argmax(v, a) for a in (0, 1, 2, None)), T.argmin(v, 1)])
    for shape in ((5, 4, 3), (1, 70, 9), (6, 5, 40)):
        for x in layouts(values(shape, dtype, rng)):
            found = f(x)
            for axes, best, place in zip(AXES, found[::2], found[1::2]):
                kept = [d for d in range(3) if d not in axes]
                rows = x.transpose(*kept, *axes).reshape(*(x.shape[d] for d in kept), -1)
                np.testing.assert_array_equal(best, rows.max(-1))
                np.testing.assert_array_equal(place, rows.argmax(-1))
            for a, place in zip((0, 1, 2, None), found[-5:-1]):
                np.testing.assert_array_equal(place, x.argmax(a))
            np.testing.assert_array_equal(found[-1], x.argmin(1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_wins_and_infinities_are_found(dtype):
    rng = np.random.RandomState(4)
    v = T.TensorType(dtype, (False,) * 3)("v")
    f = native([v], [fun(v, a) for a in (0, 1, 2, None) for fun in (T.max, T.min, T.argmax, T.argmin)])
    for fill in (np.nan, np.inf, -np.inf):
        x = rng.randn(7, 19, 33).astype(dtype)
        x[rng.rand(*x.shape) < 0.05] = fill
        x[3], x[:, 4], x[:, :, 5] = fill, fill, fill
        wanted = [fun(x, axis=a) for a in (0, 1, 2, None) for fun in (np.max, np.min, np.argmax, np.argmin)]
        for found, want in zip(f(x), wanted):
            np.testing.assert_array_equal(found, want)
        empty = np.full((4, 6, 20), -np.inf, dtype)
        assert f(empty)[0].tolist() == empty.max(0).tolist()


def test_nothing_to_choose_from_is_an_error():
    v = T.dtensor3("v")
    for made in (v.max(1), T.argmax(v, 1), v.min()):
        with pytest.raises(ValueError):
            native([v], made)(np.zeros((3, 0, 2)))
    assert native([v], v.sum(1))(np.zeros((3, 0, 2))).tolist() == [[0, 0]] * 3
    assert native([v], v.max(1))(np.zeros((0, 3, 2))).shape == (0, 2)


_BITS = """
import hashlib, numpy as np, theano, theano.tensor as T
axes = [0, 1, 2, (0, 1), (1, 2), (0, 2), None]
for kind, shape in ((T.ftensor3, (64, 96, 80)), (T.dtensor3, (131, 77, 67))):
    v = kind()
    x = np.random.RandomState(5).randn(*shape).astype(v.dtype)
    f = theano.function([v], [v.sum(a) for a in axes] + [v.var(a) for a in axes] + [T.exp(v).mean(a) for a in axes])
    print(hashlib.sha256(b"".join(np.asarray(r).tobytes() for r in f(x))).hexdigest())
"""


def test_sums_have_the_same_bits_for_any_number_of_threads():
    found = set()
    for threads in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", _BITS],
            env={**os.environ, "OMP_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_means_and_variances_of_halves_whose_sum_overflows():
    v = T.TensorType("float16", (False, False))("v")
    x = (np.random.RandomState(0).randn(300, 310) + 3).astype("float16")
    for axis in (None, 0, (0, 1)):
        found = theano.function([v], [v.mean(axis), v.var(axis), v.std(axis), T.mean(v, axis, dtype="float32")])(x)
        wide = x.astype("float64")
        for one, right in zip(found, (wide.mean(axis), wide.var(axis), wide.std(axis), wide.mean(axis))):
            np.testing.assert_allclose(one.astype("float64"), right, rtol=4e-3)
        assert [str(one.dtype) for one in found] == ["float16"] * 3 + ["float32"]
