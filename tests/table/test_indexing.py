"""Indexing against NumPy: drawn indices of every form, read, set, increased, and differentiated.

An index is drawn entry by entry: numbers, slices of any sign, None, Ellipsis, integer arrays that broadcast against each other,
masks. Each number, slice bound and array is a constant or a variable by lot.
"""

import os

import numpy as np
import pytest

import theano
import theano.tensor as T

COUNT = int(os.environ.get("THEON_FUZZ", "60"))
SHAPES = [(5,), (4, 5), (3, 4, 5), (2, 3, 4, 5), (1, 4), (4, 1, 3), (0, 3), (3, 0)]


class Drawn:
    """An index in NumPy's form and in ours, with the variables in it and their values."""

    def __init__(self, rng, shape, advanced):
        self.rng, self.inputs, self.values = rng, [], []
        places = list(shape)
        self.numpy, self.ours = [], []
        self.spread = [(), (3,), (2, 1), (2, 3)][rng.randint(4)]
        ellipsis = rng.rand() < 0.3
        n = rng.randint(0, len(places) + 1)
        at = rng.randint(0, n + 1) if ellipsis else None
        place = 0
        left = n
        while left > 0:
            if at is not None and place == at:
                self.put(Ellipsis, Ellipsis)
                places = places[len(places) - left :]
                at = None
                continue
            if rng.rand() < 0.15:
                self.put(None, None)
                continue
            kind = rng.choice(
                ["number", "slice", "slice", "array", "mask"] if advanced else ["number", "slice", "slice"]
            )
            if kind == "mask" and (self.spread and self.spread[-1] != 3):
                kind = "array"
            size = places.pop(0)
            if kind == "number":
                if size == 0:
                    kind = "slice"
                else:
                    i = rng.randint(-size, size)
                    self.put(int(i), self.symbol(np.int64(i)))
            if kind == "slice":
                step = [None, None, 1, 2, -1, -2, 3, -3][rng.randint(8)]
                start, stop = ([None, int(rng.randint(-size - 2, size + 3))][rng.randint(2)] for _ in range(2))
                parts = (start, stop, step)
                self.put(slice(*parts), slice(*(None if p is None else self.symbol(np.int64(p)) for p in parts)))
            if kind == "array":
                shape_here = tuple(1 if rng.rand() < 0.2 else m for m in self.spread)[
                    rng.randint(0, len(self.spread) + 1) :
                ]
                if size == 0:
                    shape_here = (0,) if not self.spread else None
                if shape_here is None:
                    self.put(slice(None), slice(None))
                else:
                    i = np.asarray(rng.randint(-size, size, size=shape_here) if size else np.zeros(shape_here, int))
                    self.put(i, self.symbol(i))
            if kind == "mask":
                mask = np.zeros(size, bool)
                mask[rng.permutation(size)[:3]] = True
                if self.spread and mask.sum() != 3:
                    mask[:] = False
                    self.put(slice(None), slice(None))
                elif size == 0 and self.spread:
                    self.put(slice(None), slice(None))
                else:
                    self.spread = (int(mask.sum()),) if not self.spread else self.spread
                    self.put(mask, self.symbol(mask))
            place += 1
            left -= 1
        if at is not None:
            self.put(Ellipsis, Ellipsis)

    def put(self, numpy, ours):
        self.numpy.append(numpy)
        self.ours.append(ours)

    def symbol(self, value):
        value = np.asarray(value)
        if self.rng.rand() < 0.5:
            return value if value.ndim or value.dtype == bool else int(value)
        v = T.TensorType(str(value.dtype), (False,) * value.ndim)()
        self.inputs.append(v)
        self.values.append(value)
        return v


def cases(advanced):
    for seed in range(COUNT):
        rng = np.random.RandomState(seed + 1000 * advanced)
        shape = SHAPES[rng.randint(len(SHAPES))]
        x = np.asarray(rng.randint(-9, 9, size=shape), "float64")
        drawn = Drawn(rng, shape, advanced)
        try:
            wanted = x[tuple(drawn.numpy)]
        except IndexError:
            continue
        yield seed, rng, x, drawn, np.array(wanted)


@pytest.mark.parametrize("advanced", [False, True], ids=["basic", "advanced"])
def test_reading_and_its_gradient(advanced):
    for seed, rng, value, drawn, wanted in cases(advanced):
        x = T.TensorType("float64", (False,) * value.ndim)("x")
        shown = f"seed {seed}: x of shape {value.shape}, index {drawn.numpy}"
        try:
            out = x[tuple(drawn.ours)]
            weight = rng.randint(1, 9, size=wanted.shape).astype("float64")
            slope = T.grad((out * weight).sum(), x)
            f = theano.function([x, *drawn.inputs], [out, slope, out.shape], on_unused_input="ignore")
            got, gradient, sizes = f(value, *drawn.values)
            assert got.shape == wanted.shape and tuple(sizes) == wanted.shape, (got.shape, sizes, wanted.shape)
            assert all(n == 1 for n, flag in zip(wanted.shape, out.broadcastable) if flag), out.type
            np.testing.assert_array_equal(got, wanted)
            expected = np.zeros_like(value)
            np.add.at(expected, tuple(drawn.numpy), weight)
            np.testing.assert_array_equal(gradient, expected)
        except Exception as error:
            raise AssertionError(f"{shown}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("replace", [False, True], ids=["inc", "set"])
@pytest.mark.parametrize("advanced", [False, True], ids=["basic", "advanced"])
def test_writing_and_its_gradient(advanced, replace):
    for seed, rng, value, drawn, wanted in cases(advanced):
        shown = f"seed {seed}: x of shape {value.shape}, index {drawn.numpy}"
        sizes = tuple(1 if rng.rand() < 0.2 else n for n in wanted.shape)[rng.randint(0, wanted.ndim + 1) :]
        new = np.asarray(rng.randint(-9, 9, size=sizes), "float64")
        x = T.TensorType("float64", (False,) * value.ndim)("x")
        y = T.TensorType("float64", [n == 1 for n in sizes])("y")
        expected = value.copy()
        if replace:
            expected[tuple(drawn.numpy)] = new
        else:
            np.add.at(expected, tuple(drawn.numpy), new)
        try:
            out = (T.set_subtensor if replace else T.inc_subtensor)(x[tuple(drawn.ours)], y)
            weight = rng.randint(1, 9, size=value.shape).astype("float64")
            slopes = T.grad((out * weight).sum(), [x, y])
            f = theano.function([x, y, *drawn.inputs], [out, *slopes], on_unused_input="ignore")
            kept = value.copy()
            got, dx, dy = f(value, new, *drawn.values)
            np.testing.assert_array_equal(value, kept)
            np.testing.assert_array_equal(got, expected)
            left = weight.copy()
            if replace:
                left[tuple(drawn.numpy)] = 0
            np.testing.assert_array_equal(dx, left)
            positions = np.arange(value.size).reshape(value.shape)[tuple(drawn.numpy)]
            if not replace or len(np.unique(positions)) == positions.size:
                # Where one place is set twice which value counts is not defined.
                region = weight[tuple(drawn.numpy)]
                extra = region.ndim - new.ndim
                region = region.sum(axis=tuple(range(extra)))
                axes = tuple(d for d, n in enumerate(new.shape) if n == 1 and region.shape[d] != 1)
                np.testing.assert_array_equal(dy, region.sum(axis=axes, keepdims=True))
        except Exception as error:
            raise AssertionError(f"{shown}, y {new.shape}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_take(mode):
    for seed in range(6):
        rng = np.random.RandomState(seed)
        value = rng.rand(4, 5, 3)
        axis = [None, 0, 1, -1][rng.randint(4)]
        size = value.size if axis is None else value.shape[axis]
        low, high = (-size, size) if mode == "raise" else (-2 * size, 2 * size)
        where = rng.randint(low, high, size=[(), (3,), (2, 2)][rng.randint(3)])
        i = T.TensorType("int64", (False,) * np.ndim(where))()
        x = T.dtensor3()
        f = theano.function([x, i], [T.take(x, i, axis, mode), x.take(where, axis, mode)])
        for got in f(value, where):
            np.testing.assert_array_equal(got, np.take(value, where, axis, mode=mode))


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_choose(mode):
    rng = np.random.RandomState(0)
    choices = [rng.rand(3, 4) for _ in range(3)]
    a = rng.randint(0, 3, size=(3, 4)) if mode == "raise" else rng.randint(-5, 6, size=(3, 4))
    v = T.lmatrix()
    got = theano.function([v], [T.choose(v, choices, mode=mode), v[0].choose(choices, mode=mode)])(a)
    np.testing.assert_array_equal(got[0], np.choose(a, choices, mode=mode))
    np.testing.assert_array_equal(got[1], np.choose(a[0], choices, mode=mode))


def test_nonzero_family():
    value = np.array([[0.0, 1.5, 0.0], [2.0, 0.0, -1.0]])
    x = T.dmatrix()
    f = theano.function(
        [x], [*T.nonzero(x), T.nonzero(x, return_matrix=True), T.flatnonzero(x), T.nonzero_values(x), *x.nonzero()]
    )
    got = f(value)
    rows, columns = np.nonzero(value)
    wanted = [rows, columns, np.stack([rows, columns]), np.flatnonzero(value), value[value != 0], rows, columns]
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_masks_of_any_rank():
    rng = np.random.RandomState(1)
    value = rng.rand(3, 4, 5)
    x = T.dtensor3("x")
    for mask in (rng.rand(3) > 0.4, rng.rand(3, 4) > 0.4, rng.rand(3, 4, 5) > 0.4):
        m = T.TensorType("bool", (False,) * mask.ndim)()
        f = theano.function(
            [x, m], [x[m], x[mask], T.set_subtensor(x[m], 0.0), T.inc_subtensor(x[mask], 1.0), T.grad(x[m].sum(), x)]
        )
        set_, more = value.copy(), value.copy()
        set_[mask] = 0
        more[mask] += 1
        slope = np.zeros_like(value)
        slope[mask] = 1
        for one, other in zip(f(value, mask), [value[mask], value[mask], set_, more, slope], strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(IndexError):
        theano.function([x], x[rng.rand(2) > 0.4])(value)


@pytest.mark.parametrize("index", [5, -6, [0, 7], [[-9]]])
def test_index_out_of_bounds_is_an_index_error(index):
    x = T.dvector("x")
    for made in (index, T.as_tensor_variable(np.asarray(index)).type("i")):
        out = x[made]
        given = [] if made is index else [made]
        f = theano.function([x, *given], out)
        g = theano.function([x, *given], T.inc_subtensor(out, 1.0))
        for call in (f, g):
            with pytest.raises(IndexError):
                call(np.zeros(5), *([] if made is index else [np.asarray(index)]))


def test_integer_and_float16_arrays_are_read_and_written():
    for dtype in ("int8", "uint64", "bool", "float16", "complex64"):
        value = np.arange(12).reshape(3, 4).astype(dtype)
        x = T.TensorType(dtype, (False, False))()
        f = theano.function(
            [x], [x[::-1, 1:3], x[[0, 0, 2]], T.set_subtensor(x[1], x[0]), T.inc_subtensor(x[[0, 0]], x[:2])]
        )
        more = value.copy()
        np.add.at(more, [0, 0], value[:2])
        set_ = value.copy()
        set_[1] = value[0]
        for one, other in zip(f(value), [value[::-1, 1:3], value[[0, 0, 2]], set_, more], strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == dtype


def test_arrays_on_both_sides_of_an_empty_ellipsis_are_separate():
    value = np.arange(120.0).reshape(2, 3, 4, 5)
    x = T.dtensor4("x")
    i, j = [2, 1, 0], [1, -4, -1]
    out = x[:, i, ..., j, :]
    got, new = theano.function([x], [out, T.set_subtensor(out, 0.0)])(value)
    wanted = value.copy()
    wanted[:, i, ..., j, :] = 0
    np.testing.assert_array_equal(got, value[:, i, ..., j, :])
    np.testing.assert_array_equal(new, wanted)


def test_index_forms_are_native():
    x, i, n = T.dtensor3("x"), T.lvector("i"), T.lscalar("n")
    value = np.arange(60.0).reshape(3, 4, 5)
    forms = [
        (x[::2], value[::2]), (x[::-2, 1:], value[::-2, 1:]), (x[n::3], value[1::3]), (x[:, i, ::2], value[:, [1, 1], ::2]),
        (x[i, :, i], value[[1, 1], :, [1, 1]]), (x[i, None, 1:3], value[[1, 1], None, 1:3]), (x[2:0:-1, i], value[2:0:-1, [1, 1]]),
        (T.set_subtensor(x[::2, ::-1], 0.0)[1:], value[1:].copy()), (T.inc_subtensor(x[i, ::3], 1.0)[1, 0], value[1, 0] + 2),
    ]  # fmt: skip
    forms[7][1][1] = 0
    f = theano.function([x, i, n], [out for out, _ in forms])
    assert not [step for step in f._native.program.steps if type(step).__name__ == "PythonCall"]
    for got, (_, wanted) in zip(f(value, [1, 1], 1), forms, strict=True):
        np.testing.assert_array_equal(got, wanted)
