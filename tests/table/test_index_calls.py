"""One function for each form of index, called with many sizes, positions and layouts: native code and node by node, against NumPy.

Positions are drawn beyond the ends as well: then both must say so, with the sizes, and never read there.
"""

import os
import re

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen.contents import flat
from theon.schedule.step import PythonCall

FORMS = int(os.environ.get("THEON_FUZZ", "8"))
CALLS = 40
LAYOUTS = (
    lambda x: x,
    np.asfortranarray,
    lambda x: np.repeat(x, 2, axis=0)[::2],
    lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
)


class Form:
    """The kinds of an index's entries, with a variable for each number, array and mask in it."""

    def __init__(self, rng, ndim, advanced):
        self.ndim, self.kinds, self.variables = ndim, [], []
        kinds = ["number", "slice", "slice", "whole"] + (["array", "array", "mask"] if advanced else [])
        count = rng.randint(1, ndim + 1)
        self.rank = rng.randint(1, 3)  # of the arrays
        masks = self.rank == 1
        taken = 0
        while taken < count:
            kind = rng.choice(kinds)
            if kind == "mask" and not masks:
                kind = "array"
            if kind == "slice":
                kind = tuple(rng.rand(3) < (0.6, 0.6, 0.3))
            self.kinds.append(kind)
            taken += 1
        for what, chance in ((None, 0.3), (Ellipsis, 0.3)):
            if rng.rand() < chance:
                self.kinds.insert(rng.randint(0, len(self.kinds) + 1), what)
        entries = []
        for kind in self.kinds:
            if kind in (None, Ellipsis):
                entries.append(kind)
            elif kind == "whole":
                entries.append(slice(None))
            elif isinstance(kind, tuple):
                entries.append(slice(*(self.variable("int64", 0) if has else None for has in kind)))
            elif kind == "number":
                entries.append(self.variable(rng.choice(["int64", "int32"]), 0))
            else:
                dtype = "bool" if kind == "mask" else str(rng.choice(["int64", "int32", "uint8"]))
                entries.append(self.variable(dtype, 1 if kind == "mask" else self.rank))
        self.entries = tuple(entries)

    def variable(self, dtype, ndim):
        self.variables.append(T.TensorType(str(dtype), (False,) * ndim)())
        return self.variables[-1]

    def drawn(self, rng, shape):
        """NumPy's index, and the values of the variables; one of eight numbers may be out of bounds."""
        values, index = [], []
        spread = [(), (3,), (2, 3)][self.rank] if self.rank else ()
        given = iter(self.variables)
        before = sum(kind not in (None, Ellipsis) for kind in self.kinds)
        sizes = list(shape)
        if Ellipsis in self.kinds:
            at = sum(kind is not None for kind in self.kinds[: self.kinds.index(Ellipsis)])
            del sizes[at : at + len(shape) - before]
        sizes = iter(sizes)
        for kind in self.kinds:
            if kind in (None, Ellipsis):
                index.append(kind)
                continue
            n = next(sizes)
            if kind == "whole":
                index.append(slice(None))
                continue
            if isinstance(kind, tuple):
                parts = []
                for has, which in zip(kind, range(3)):
                    part = int(rng.choice([-3, -2, -1, 1, 2, 3])) if which == 2 else int(rng.randint(-n - 3, n + 4))
                    parts.append(part if has else None)
                    if has:
                        values.append(np.int64(part))
                        next(given)
                index.append(slice(*parts))
                continue
            v = next(given)
            extra = int(rng.rand() < 0.06)
            if kind == "mask":
                value = np.zeros(n + extra, bool)
                value[rng.permutation(n)[:3]] = True
            else:
                low, high = -n - extra, max(n + extra, 1)
                value = rng.randint(
                    0 if v.dtype == "uint8" else min(low, 0), high, size=spread if kind == "array" else ()
                )
            value = np.asarray(value).astype(v.dtype)
            values.append(value)
            index.append(value if value.ndim else int(value))
        return tuple(index), values


def forms(advanced):
    for seed in range(FORMS):
        rng = np.random.RandomState(seed + 5000 * advanced)
        yield seed, rng, Form(rng, rng.randint(1, 5), advanced)


def compiled(form, x, outputs, more=()):
    given = [x, *more, *form.variables]
    f = theano.function(given, outputs)
    steps = [] if f._native is None else [s for s in flat(f._native.program.steps) if isinstance(s, PythonCall)]
    assert f._native is not None and not steps, "not native"
    return f, theano.function(given, outputs, mode="FAST_COMPILE")


def refused(error):
    text = str(error)
    assert re.search("bounds|size|shape|dimension", text), text


@pytest.mark.parametrize("advanced", [False, True], ids=["basic", "advanced"])
def test_reading(advanced):
    for seed, rng, form in forms(advanced):
        x = T.TensorType("float64", (False,) * form.ndim)("x")
        out = x[form.entries]
        weight = T.TensorType("float64", (False,) * out.ndim)()
        functions = compiled(form, x, [out, T.grad((out * weight).sum(), x)], [weight])
        for _ in range(CALLS):
            shape = tuple(rng.choice([0, 1, 2, 3, 4, 5], size=form.ndim, p=[0.05, 0.1, 0.15, 0.3, 0.2, 0.2]))
            index, values = form.drawn(rng, shape)
            value = LAYOUTS[rng.randint(4)](rng.randint(-9, 9, shape).astype("float64"))
            shown = f"form {seed}: x of shape {shape}, index {index}"
            try:
                wanted = value[index]
            except IndexError:
                for f in functions:
                    with pytest.raises((IndexError, ValueError)) as info:
                        f(value, np.zeros((1,) * out.ndim), *values)
                    refused(info.value)
                continue
            slope, weights = np.zeros(shape), rng.randint(1, 9, size=wanted.shape).astype("float64")
            np.add.at(slope, index, weights)
            for f in functions:
                got, gradient = f(value, weights, *values)
                np.testing.assert_array_equal(got, wanted, err_msg=shown)
                np.testing.assert_array_equal(gradient, slope, err_msg=shown)


@pytest.mark.parametrize("replace", [False, True], ids=["inc", "set"])
@pytest.mark.parametrize("advanced", [False, True], ids=["basic", "advanced"])
def test_writing(advanced, replace):
    for seed, rng, form in forms(advanced):
        x = T.TensorType("float64", (False,) * form.ndim)("x")
        part = x[form.entries]
        flags = rng.rand(part.ndim) < 0.2
        y = T.TensorType("float64", flags[rng.randint(0, part.ndim + 1) :])("y")
        functions = compiled(form, x, [(T.set_subtensor if replace else T.inc_subtensor)(part, y)], [y])
        for _ in range(CALLS):
            shape = tuple(rng.choice([0, 1, 2, 3, 4, 5], size=form.ndim, p=[0.05, 0.1, 0.15, 0.3, 0.2, 0.2]))
            index, values = form.drawn(rng, shape)
            value = LAYOUTS[rng.randint(4)](rng.randint(-9, 9, shape).astype("float64"))
            shown = f"form {seed}: x of shape {shape}, index {index}"
            try:
                whole = value[index].shape
            except IndexError:
                for f in functions:
                    with pytest.raises((IndexError, ValueError)) as info:
                        f(value, np.zeros((1,) * y.ndim), *values)
                    refused(info.value)
                continue
            sizes = [1 if flag else n for n, flag in zip(whole[len(whole) - y.ndim :], y.broadcastable)]
            new, wanted = rng.randint(-9, 9, size=sizes).astype("float64"), value.copy()
            if replace:
                wanted[index] = new
            else:
                np.add.at(wanted, index, new)
            kept = value.copy()
            for f in functions:
                np.testing.assert_array_equal(f(value, new, *values)[0], wanted, err_msg=shown)
                np.testing.assert_array_equal(value, kept)
