"""Places of true elements, counts, repeats, searches, products of integers: native, as NumPy has them."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen.contents import flat
from theon.schedule.step import PythonCall


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not [s for s in flat(f._native.program.steps) if isinstance(s, PythonCall)]
    return f


def layouts(x):
    wide = np.zeros((2 * x.shape[0], 3 * x.shape[1]), x.dtype)
    wide[::2, ::3] = x
    return x, np.asfortranarray(x), wide[::2, ::3], np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]


RNG = np.random.RandomState(0)


def test_running_sums_in_a_loop_and_their_gradient():
    x = T.dmatrix()
    found, _ = theano.scan(lambda row, total: T.cumsum(row) * total.sum() + T.cumprod(row), [x], [T.ones_like(x[0])])
    f = native([x], [found, T.grad(found.sum(), x)])
    value, total, expected = RNG.rand(3, 4), np.ones(4), []
    for row in value:
        total = row.cumsum() * total.sum() + row.cumprod()
        expected.append(total)
    np.testing.assert_allclose(f(value)[0], expected)
    theano.gradient.verify_grad(lambda x: T.cumsum(x, 1) * T.cumprod(x, 0), [value], rng=RNG)


@pytest.mark.parametrize("kind", ["bool", "int32", "float64"])
def test_places_of_true_elements(kind):
    x, y, v = T.matrix(dtype=kind), T.dmatrix(), T.vector(dtype=kind)
    f, g = native([x], T.nonzero(x)), native([x, y], [y[x.nonzero()], T.nonzero(y > 0.5)[1]])
    h = native([v], T.nonzero(v)[0])
    for shape in [(4, 6), (0, 3), (1, 1), (30, 50)]:
        for value, other in zip(layouts((RNG.rand(*shape) > 0.6).astype(kind)), layouts(RNG.rand(*shape))):
            for found, wanted in zip(f(value), np.nonzero(value)):
                np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(g(value, other)[0], other[np.nonzero(value)])
            np.testing.assert_array_equal(g(value, other)[1], np.nonzero(other > 0.5)[1])
            np.testing.assert_array_equal(h(value.ravel()), np.nonzero(value.ravel())[0])


def test_masks_select_and_set():
    x, m, z = T.dmatrix("x"), T.matrix("m", dtype="bool"), T.dtensor3()
    f = native([x, m], [x[m], T.set_subtensor(x[m], -1.0), T.inc_subtensor(x[m], x[m] * 2), x[x > 0.5]])
    g = native([z, m], z[m])
    value, stack = RNG.rand(4, 5), RNG.rand(4, 5, 3)
    for mask in layouts(RNG.rand(4, 5) > 0.5):
        for found, wanted in zip(
            f(value, mask),
            (value[mask], np.where(mask, -1.0, value), np.where(mask, 3 * value, value), value[value > 0.5]),
        ):
            np.testing.assert_allclose(found, wanted)
        np.testing.assert_array_equal(g(stack, mask), stack[mask])
    with pytest.raises(IndexError, match="boolean index did not match"):
        f(value, np.ones((4, 4), bool))


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint32"])
def test_counts_and_sums_of_weights(dtype):
    x, w = T.vector(dtype=dtype), T.dvector()
    f = native([x, w], [T.extra_ops.bincount(x), T.extra_ops.bincount(x, w, minlength=9)])
    for n in (0, 1, 50):
        value, weights = RNG.randint(0, 7, n).astype(dtype), RNG.rand(n)
        counts, sums = f(value, weights)
        np.testing.assert_array_equal(counts, np.bincount(value.astype("int64")))
        np.testing.assert_allclose(sums, np.bincount(value.astype("int64"), weights, 9))
    if dtype != "uint32":
        with pytest.raises(ValueError):
            f(np.array([1, -1], dtype), np.ones(2))


@pytest.mark.parametrize("dtype", ["float32", "bool", "complex128", "int16"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_repeats_by_a_vector(axis, dtype):
    x, n = T.matrix(dtype=dtype), T.ivector()
    f = theano.function([x, n], T.repeat(x, n, axis=axis))
    for value in layouts((RNG.rand(4, 3) * 5).astype(dtype)):
        counts = RNG.randint(0, 4, value.size if axis is None else value.shape[axis]).astype("int32")
        np.testing.assert_array_equal(f(value, counts), np.repeat(value, counts, axis))
        np.testing.assert_array_equal(f(value, [2]), np.repeat(value, [2], axis))
        with pytest.raises(ValueError):
            f(value, -counts - 1)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "dtypes", [("float64", "float64"), ("int32", "float32"), ("uint8", "uint8"), ("int64", "int8")]
)
def test_searches(side, dtypes):
    x, v = T.vector(dtype=dtypes[0]), T.matrix(dtype=dtypes[1])
    f = native([x, v], T.extra_ops.searchsorted(x, v, side))
    for n in (0, 1, 2, 33):
        line = np.sort(RNG.randint(0, 9, n)).astype(dtypes[0])
        for value in layouts(RNG.randint(0, 11, (3, 5)).astype(dtypes[1])):
            np.testing.assert_array_equal(f(line, value), np.searchsorted(line, value, side))
    if dtypes[0] == "float64":
        line, value = np.array([0, 1, np.nan, np.nan]), np.array([[np.nan, 0.5, np.inf]])
        np.testing.assert_array_equal(f(line, value), np.searchsorted(line, value, side))


@pytest.mark.parametrize(
    "dtypes", [("int64", "int64"), ("int32", "float64"), ("float32", "float64"), ("uint8", "int8"), ("int8", "float32")]
)
def test_products_of_any_numbers(dtypes):
    x, y = T.matrix(dtype=dtypes[0]), T.matrix(dtype=dtypes[1])
    u, v = T.vector(dtype=dtypes[0]), T.vector(dtype=dtypes[1])
    s, t = T.tensor3(dtype=dtypes[0]), T.tensor3(dtype=dtypes[1])
    f = native([x, y, u, v, s, t], [T.dot(x, y), T.dot(x, v), T.dot(u, y), T.dot(u, v), T.batched_dot(s, t)])
    for m, n, p in [(4, 5, 6), (0, 3, 2), (3, 0, 2), (17, 40, 33)]:
        a, b = (RNG.randint(0, 9, shape).astype(d) for shape, d in zip(((m, n), (n, p)), dtypes))
        c, d = (RNG.randint(0, 9, n).astype(d) for d in dtypes)
        for left, right in zip(layouts(a), layouts(b)):
            found = f(left, right, c, d, np.stack([a, a]), np.stack([b, b]))
            wide = a.astype("float64"), b.astype("float64"), c.astype("float64"), d.astype("float64")
            for one, wanted in zip(
                found,
                (wide[0] @ wide[1], wide[0] @ wide[3], wide[2] @ wide[1], wide[2] @ wide[3], [wide[0] @ wide[1]] * 2),
            ):
                np.testing.assert_allclose(one, np.asarray(wanted).astype("int64").astype(one.dtype))


def test_diagonals_filled():
    x, n, k, z = T.dmatrix(), T.dscalar(), T.iscalar(), T.dtensor3()
    f = native([x, n, k], [T.extra_ops.fill_diagonal(x, n), T.extra_ops.fill_diagonal_offset(x * 1.0, n, k)])
    g = native([z], T.extra_ops.fill_diagonal(z, 2.0))
    for shape in [(3, 3), (2, 5), (5, 2), (0, 3)]:
        for value in layouts(RNG.rand(*shape)):
            for offset in range(-6, 7):
                main, other = f(value, 7.0, offset)
                wanted = value.copy()
                wanted[(np.arange(min(shape)),) * 2] = 7.0
                np.testing.assert_array_equal(main, wanted)
                np.testing.assert_array_equal(other, np.where(np.eye(*shape, offset) > 0, 7.0, value))
    cube = RNG.rand(3, 3, 3)
    wanted = cube.copy()
    wanted[np.arange(3), np.arange(3), np.arange(3)] = 2
    np.testing.assert_array_equal(g(cube), wanted)
    with pytest.raises(ValueError, match="equal length"):
        g(RNG.rand(2, 3, 3))


@pytest.mark.parametrize("order", ["C", "F"])
def test_flat_places_and_back(order):
    i, a, b = T.imatrix(), T.lvector(), T.ivector()
    f = native([i], list(T.unravel_index(i, (3, 4, 5), order)))
    g = native([a, b], T.ravel_multi_index((a, b), (7, 9), order=order))
    for value in layouts(RNG.randint(0, 60, (4, 6)).astype("int32")):
        for found, wanted in zip(f(value), np.unravel_index(value, (3, 4, 5), order)):
            np.testing.assert_array_equal(found, wanted)
    rows, columns = RNG.randint(0, 7, 11), RNG.randint(0, 9, 11).astype("int32")
    np.testing.assert_array_equal(g(rows, columns), np.ravel_multi_index((rows, columns), (7, 9), order=order))
    for wrong in (60, -1):
        with pytest.raises(ValueError):
            f(np.full((1, 1), wrong, "int32"))
    with pytest.raises(ValueError):
        g([7], np.array([0], "int32"))
