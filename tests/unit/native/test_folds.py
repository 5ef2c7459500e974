"""Reductions whose vectors are written out: every remainder of lanes, rows, tiles and parts, wherever the operands lie."""

import itertools
import math

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen import contents, folds
from theon.schedule.step import PythonCall

COUNTS = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 129)


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


def written_out(f):
    return [kernel for kernel in contents.kernels_of(f._native.program) if folds.is_fold(kernel)]


def whole(shape, dtype, seed=0):
    """Numbers whose sums are exact."""
    rng = np.random.RandomState(seed)
    return (rng.rand(*shape) > 0.3) if dtype == "bool" else rng.randint(0, 9, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint32", "int64", "bool"])
def test_every_remainder_of_rows_and_columns(dtype):
    v = T.TensorType(dtype, (False, False))("v")
    made = [v.sum(0), v.sum(1), v.sum(), v.max(0), v.min(1)] if dtype != "bool" else [v.sum(0), v.sum(1), v.sum(), v.all(0), v.any(1)]  # fmt: skip
    f = native([v], made)
    assert written_out(f)
    for n, m in itertools.chain(itertools.product(COUNTS[1:7], COUNTS[1:]), itertools.product(COUNTS[7:], COUNTS[1:7])):
        x = whole((n, m), dtype, n * 1000 + m)
        some = (x.all(0), x.any(1)) if dtype == "bool" else (x.max(0), x.min(1))
        for found, wanted in zip(f(x), (x.sum(0), x.sum(1), x.sum(), *some)):
            np.testing.assert_array_equal(found, wanted, err_msg=f"{(n, m)}")


def test_sums_of_nothing_are_zero():
    v = T.fmatrix()
    f = native([v], [v.sum(0), v.sum(1), v.sum(), v.prod(0), v.prod(1)])
    for shape in ((0, 5), (5, 0), (0, 0), (0, 70), (70, 0)):
        x = np.zeros(shape, "float32")
        for found, wanted in zip(f(x), (x.sum(0), x.sum(1), x.sum(), x.prod(0), x.prod(1))):
            np.testing.assert_array_equal(found, wanted)


AXES = [0, 1, 2, (0, 1), (1, 2), (0, 2), None]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parts_of_large_arrays(dtype):
    v = T.TensorType(dtype, (False,) * 3)("v")
    f = native([v], [*(v.sum(a) for a in AXES), *(v.max(a) for a in AXES)])
    for shape in ((67, 71, 130), (4099, 3, 17), (3, 7, 20_011), (2, 4111, 33), (1, 1, 300_000), (300_000, 1, 1)):
        x = whole(shape, dtype)
        for found, wanted in zip(f(x), [*(x.sum(a) for a in AXES), *(x.max(a) for a in AXES)]):
            np.testing.assert_array_equal(found, wanted, err_msg=f"{shape}")


def layouts(x):
    """The same numbers, elsewhere in memory."""
    yield np.asfortranarray(x)
    yield np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    yield np.ascontiguousarray(x[::-1])[::-1]
    yield np.repeat(x, 2, axis=0)[::2]
    yield np.repeat(x, 3, axis=1)[:, ::3]
    raw = np.empty(x.nbytes + x.itemsize, "uint8")
    near = raw[x.itemsize // 2 :][: x.nbytes].view(x.dtype).reshape(x.shape)  # not aligned
    near[...] = x
    yield near
    yield np.pad(x, ((1, 2), (3, 1)))[1:-2, 3:-1]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_any_layout(dtype):
    v = T.TensorType(dtype, (False, False))("v")
    f = native([v], [v.sum(0), v.sum(1), v.sum(), v.max(0), v.max(1), v.T.sum(0), v.T.max(1), v[:, ::-1].sum(1)])
    for shape in ((37, 70), (5, 400), (300, 66)):
        x = whole(shape, dtype)
        wanted = (x.sum(0), x.sum(1), x.sum(), x.max(0), x.max(1), x.sum(1), x.max(0), x.sum(1))
        for given in layouts(x):
            for found, want in zip(f(given), wanted):
                np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_anywhere_is_the_maximum(dtype):
    v = T.TensorType(dtype, (False, False))("v")
    f = native([v], [v.max(0), v.min(0), v.max(1), v.min(1), v.max(), v.min()])
    rng = np.random.RandomState(0)
    for n, m in ((9, 70), (70, 9), (6, 16), (33, 33)):
        clean = rng.randn(n, m).astype(dtype)
        clean[0, 0], clean[-1, -1] = np.inf, -np.inf
        for i, j in zip(rng.randint(0, n, 12), rng.randint(0, m, 12)):
            x = clean.copy()
            x[i, j] = np.nan
            for found, wanted in zip(f(x), (x.max(0), x.min(0), x.max(1), x.min(1), x.max(), x.min())):
                np.testing.assert_array_equal(found, wanted)


def test_formulas_of_several_operands():
    x, y, row, column = T.fmatrix(), T.dmatrix(), T.fvector(), T.fvector()
    value = T.switch(x > 2, abs(x - row) * y, T.sqr(x) - column.dimshuffle(0, "x"))
    f = native([x, y, row, column], [value.sum(0), value.sum(1), value.sum(), value.max(0), T.sqrt(y).min(1)])
    assert len(written_out(f)) >= 5
    for n, m in ((3, 5), (50, 67), (200, 130)):
        a, b = whole((n, m), "float32"), whole((n, m), "float64", 1)
        c, d = whole((m,), "float32", 2), whole((n,), "float32", 3)
        formula = np.where(a > 2, abs(a - c) * b, a * a - d[:, None])
        wanted = (formula.sum(0), formula.sum(1), formula.sum(), formula.max(0), np.sqrt(b).min(1))
        for found, want in zip(f(a, b, c, d), wanted):
            np.testing.assert_allclose(found, want, rtol=1e-12)


def test_long_sums_of_doubles_are_as_exact_as_in_pairs():
    v = T.dmatrix()
    f = native([v], [v.sum(1), v.sum(0), v.sum()])
    x = np.random.RandomState(0).rand(3, 1 << 20)
    exact = np.array([math.fsum(row) for row in x])
    assert abs(f(x)[0] - exact).max() <= 4 * np.spacing(exact).max()
    x = np.random.RandomState(1).rand(1 << 18, 3)
    exact = np.array([math.fsum(column) for column in x.T])
    assert abs(f(x)[1] - exact).max() <= 8 * np.spacing(exact).max()
    assert abs(f(x)[2] - math.fsum(x.ravel())) <= 8 * np.spacing(exact.sum())


def test_reductions_of_one_number_many_times():
    n, m = T.lscalars("n", "m")
    outputs = [
        op(T.alloc(x, n, m), axis) for op in (T.min, T.max, T.sum) for axis in (0, 1) for x in (np.int64(-9), 0.5)
    ]
    for found, wanted in zip(native([n, m], outputs)(5, 70), (-9, 0.5) * 4 + (-45, 2.5, -630, 35.0)):
        assert found.tolist() == [wanted] * len(found)


def test_one_kernel_serves_several_functions():
    from theon.codegen import emit

    first, second = (native([v := T.fmatrix()], [v.sum(0), T.exp(v)]) for _ in range(2))
    kernel = written_out(first)[0]
    assert emit.fold_module(kernel) is emit.fold_module(written_out(second)[0])
    assert emit.fold_module(kernel) in first._native.module.kept


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_anywhere_in_short_and_long_rows(dtype):
    v = T.TensorType(dtype, (False, False))("v")
    f = native([v], [v.max(1), v.min(1), v.max(0), v.min(0), v.max(), v.sum(1)])
    for n, m in ((5, 64), (3, 255), (2, 256), (5, 257), (1, 321), (6, 383), (70, 3)):
        x = np.random.RandomState(n).randint(-9, 9, (n, m)).astype(dtype)
        for at in [*range(0, n * m, max(1, n * m // 60)), n * m - 1]:
            y = x.copy()
            y.flat[at] = np.nan
            wanted = (y.max(1), y.min(1), y.max(0), y.min(0), y.max(), y.sum(1))
            for found, right in zip(f(y), wanted):
                np.testing.assert_array_equal(found, right, err_msg=f"{(n, m)}, NaN at {at}")


def test_the_text_of_a_reduction_in_the_cache_is_not_written_again(monkeypatch):
    from theon.codegen import emit, folds

    kernel = written_out(native([v := T.fmatrix()], [(v * 3.25).sum(0)]))[0]
    emit._folds.clear()
    monkeypatch.setattr(folds, "fold_text", None)
    assert emit.fold_module(kernel).address("theon_fold")
