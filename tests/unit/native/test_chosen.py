"""Distinct elements, choices, permuted rows, diagonals, ranges, flat places, computed axes: native, as the reference has them."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import extra_ops
from theon.codegen.contents import flat
from theon.schedule.step import PythonCall

RNG = np.random.RandomState(0)


class Both:
    """A function in native code whose results are compared with the reference's, and with what is expected."""

    def __init__(self, inputs, outputs):
        self.f = theano.function(inputs, outputs)
        assert not [s for s in flat(self.f._native.program.steps) if isinstance(s, PythonCall)]
        self.reference = theano.function(inputs, outputs, mode="FAST_COMPILE")

    def __call__(self, *values, expected=None):
        found, wanted = self.f(*values), self.reference(*values)
        for a, b in zip(found, wanted):
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=1e-14)
        for a, b in zip(found, expected or ()):
            np.testing.assert_allclose(a, b, rtol=1e-14)
        return found

    def refused(self, *values, error, match=None):
        for f in (self.f, self.reference):
            with pytest.raises(error, match=match):
                f(*values)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int64", "float16", "float32", "float64"])
def test_distinct_elements(kind):
    x = T.matrix(dtype=kind)
    flags = [(), (True,), (False, True), (False, False, True), (True, True, True)]
    outputs = []
    for given in flags:
        found = extra_ops.Unique(*given)(x)
        outputs += found if isinstance(found, list) else [found]
    f = Both([x], outputs)
    for shape in [(3, 4), (0, 3), (1, 1), (20, 30)]:
        value = np.round(RNG.normal(size=shape) * 5).astype("int64").astype(kind)
        if kind.startswith("float"):
            value[RNG.rand(*shape) < 0.2] = np.nan
        f(value)
        f(np.asfortranarray(value))


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_choices(mode):
    a, x, z = T.imatrix(), T.dtensor3(), T.zmatrix()
    flat_, row = T.lvector(), T.lrow()
    f = Both([a, x, flat_], [T.choose(a, x, mode=mode), T.choose(flat_, x, mode=mode), T.choose(a, x[:, 0], mode=mode)])
    g = Both([a, x], [T.grad(T.sqr(T.choose(a, x, mode=mode)).sum(), x)])
    h = Both([row, x, z], [T.choose(row, x, mode=mode), T.choose(row, z, mode=mode)])
    low, high = (0, 3) if mode == "raise" else (-9, 9)
    value, numbers = RNG.rand(3, 4, 5), RNG.randint(low, high, (4, 5)).astype("i")
    expected = [np.choose(numbers, value, mode=mode), np.choose(numbers[0], value, mode=mode)]
    f(numbers, value, numbers[0].astype("l"), expected=expected)
    f(numbers[::-1, ::-1], value[:, ::-1], numbers[1].astype("l"))
    g(numbers, value)
    h(numbers[:1].astype("l"), value, RNG.rand(3, 5) + 1j)
    if mode == "raise":
        for bad in (-1, 3):
            f.refused(
                np.where(numbers == 1, bad, numbers), value, numbers[0].astype("l"), error=ValueError, match="choice"
            )


def test_rows_are_permuted_and_put_back():
    x, y, z, inverse = T.dmatrix(), T.lmatrix(), T.dtensor3(), T.bscalar()
    one = T.dvector()
    pairs = [(x, y), (one, y), (z, y)]
    f = Both([x, y, z, one], [T.permute_row_elements(a, b, i) for a, b in pairs for i in (0, 1)])
    g = Both([x, y], [T.inverse_permutation(y), T.grad((T.permute_row_elements(x, y) * x).sum(), x)])
    order = np.stack([RNG.permutation(5) for _ in range(4)])
    value, stack = RNG.rand(4, 5), RNG.rand(3, 4, 5)
    back = np.argsort(order, axis=1)
    expected = [np.take_along_axis(value, order, 1), np.take_along_axis(value, back, 1)]
    f(value, order, stack, value[0], expected=expected)
    g(value, order, expected=[back])
    f.refused(value, order + 1, stack, value[0], error=IndexError, match="bounds")
    h = theano.function([x, y, inverse], T.permute_row_elements(x, y, inverse))
    np.testing.assert_array_equal(h(value, order, 1), expected[1])


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 2), (2, 0), (-1, -2)])
def test_diagonals_of_stacks(first, second):
    x, m, v = T.dtensor3(), T.dmatrix(), T.zvector()
    outputs = []
    for offset in (0, 1, -2, 9):
        found = T.diagonal(x, offset, first, second)
        outputs += [found, T.grad(T.sqr(found).sum(), x)]
    f = Both([x], outputs)
    g = Both([m, v], [T.AllocDiag(1, 0, 1)(m), T.AllocDiag(-1, 1, 2)(m), T.AllocDiag(0, 2, 0)(m), T.diag(v, -1)])
    for shape in [(3, 4, 5), (4, 3, 2), (1, 1, 1), (0, 2, 3)]:
        f(RNG.rand(*shape), expected=[np.diagonal(np.zeros(shape), 0, first, second)] if 0 in shape else None)
        g(RNG.rand(*shape[1:]), RNG.rand(shape[0]) + 2j)


def test_running_products_of_complex_numbers():
    z = T.ztensor3()
    f = Both([z], [T.cumprod(z, axis) for axis in (0, 1, 2, None)])
    for shape in [(3, 4, 5), (2, 0, 3), (1, 1, 1)]:
        value = RNG.rand(*shape) + 1j * RNG.rand(*shape)
        f(value, expected=[np.cumprod(value, axis) for axis in (0, 1, 2, None)])


def test_running_sums_and_products_of_bools():
    x = T.tensor3(dtype="bool")
    f = Both([x], [op(x, axis) for op in (T.cumsum, T.cumprod) for axis in (0, 1, 2, None)])
    for shape in [(3, 4, 5), (2, 0, 3), (1, 1, 1)]:
        f(RNG.rand(*shape) > 0.6)


def test_complex_numbers_in_order():
    z = T.zmatrix()
    f = Both([z], [*(T.sort(z, axis) for axis in (0, 1, None)), *(T.argsort(z, axis) for axis in (0, 1, None))])
    for shape in [(3, 4), (40, 50), (0, 3), (1, 1)]:
        value = np.round(RNG.normal(size=shape) * 2) + 1j * np.round(RNG.normal(size=shape) * 2)
        for part in (value.real, value.imag):
            part[RNG.rand(*shape) < 0.1] = np.nan
        f(value, expected=[np.sort(value, axis) for axis in (0, 1, None)])


def test_ranges_of_computed_steps():
    n, m, s, x, y, z = T.lscalar(), T.lscalar(), T.bscalar(), T.dscalar(), T.dscalar(), T.fscalar()
    f = Both([n, m, s], [T.arange(n, m, s), T.arange(n, m, s, dtype="int8"), T.mgrid[n:m:s, 0:3][0]])
    for values in [(0, 10, 3), (10, 0, -3), (0, 10, -1), (5, 5, 1), (-3, 100, 7), (0, 9, 3), (9, 0, -3)]:
        f(*values, expected=[np.arange(*values)])
    f.refused(0, 3, 0, error=ZeroDivisionError)
    g = Both([x, y, z], [T.arange(x, y, 0.1), T.arange(x, y, z), T.arange(z), T.arange(x, y, z, dtype="float32")])
    for values in [(0, 1, 0.25), (0.3, -0.7, -0.1), (1, 0, 1), (0.1, 7.3, 0.7)]:
        g(*values[:2], np.float32(values[2]))
    g.refused(0, np.nan, 1, error=ValueError)
    h = Both([n], [extra_ops.bartlett(n)])
    for number in (-1, 0, 1, 2, 3, 8, 51):
        h(number, expected=[np.bartlett(number)])


@pytest.mark.parametrize("order", ["C", "F"])
def test_flat_places_of_any_shape(order):
    i, dims, u = T.lmatrix(), T.lvector(), T.vector(dtype="uint64")
    row, column = i[:, :1], i[:1]
    found = [T.ravel_multi_index((row, column), (6, 7), mode, order) for mode in ("raise", "wrap", "clip")]
    found += [T.ravel_multi_index((i, i), dims, mode, order) for mode in ("raise", "wrap", "clip")]
    f = Both([i, dims], [*found, *T.unravel_index(i, dims, order=order, ndim=2)])
    f(RNG.randint(0, 6, (3, 4)), np.array([6, 8]))
    f.refused(np.full((2, 2), 8), np.array([6, 8]), error=ValueError, match="8 along a dimension of size 6")
    f.refused(np.zeros((2, 2), "l"), np.array([6, 8, 9]), error=ValueError)
    g = Both([i], [T.ravel_multi_index((i, i - 3), (6, 7), mode, order) for mode in ("wrap", "clip")])
    g(RNG.randint(-30, 30, (5, 6)))
    x = T.dmatrix()
    h = Both([x, u], [x[u]])
    h(RNG.rand(4, 3), np.array([3, 0, 1], "uint64"))
    h.refused(RNG.rand(4, 3), np.array([4], "uint64"), error=IndexError, match="bounds")


def test_a_search_in_the_order_of_a_sorter():
    x, v, order = T.fvector(), T.dmatrix(), T.lvector()
    f = Both([x, v, order], [extra_ops.searchsorted(x, v, side, order) for side in ("left", "right")])
    value = np.round(RNG.rand(30) * 9).astype("f")
    wanted, sorter = np.round(RNG.rand(4, 5) * 9), np.argsort(value)
    f(value, wanted, sorter, expected=[np.searchsorted(value, wanted, side, sorter) for side in ("left", "right")])
    f.refused(value, wanted, sorter + 1, error=(ValueError, IndexError))


def test_joins_and_parts_along_a_computed_axis():
    x, y, axis, lengths = T.dmatrix(), T.imatrix(), T.lscalar(), T.lvector()
    f = Both([x, y, axis], [T.join(axis, x, y, x), T.grad(T.sqr(T.join(axis, x, y, x)).sum(), x)])
    for d in (0, 1, -1, -2):
        value, other = RNG.rand(3, 4), RNG.randint(0, 9, (2, 4) if d % 2 == 0 else (3, 5)).astype("i")
        f(value, other, d, expected=[np.concatenate([value, other, value], d)])
    f.refused(value, other, 2, error=(ValueError, IndexError))
    f.refused(value, RNG.randint(0, 9, (5, 5)).astype("i"), 0, error=ValueError)
    g = Both([x, axis, lengths], T.split(x, lengths, 2, axis=axis))
    for d in (0, 1, -1):
        g(RNG.rand(5, 5), d, np.array([2, 3]))
    g.refused(RNG.rand(5, 5), 0, np.array([2, 4]), error=ValueError)


def test_places_of_true_complex_numbers_and_their_repeats():
    z, w = T.zmatrix(), T.lvector()
    f = Both([z, w], [*T.nonzero(z), z[T.neq(z, 0)], T.repeat(z, w, axis=0)])
    value = (RNG.rand(3, 4) > 0.5) * 1j + (RNG.rand(3, 4) > 0.7)
    f(value, np.array([2, 0, 3]), expected=[*np.nonzero(value), value[value != 0], value.repeat([2, 0, 3], 0)])
