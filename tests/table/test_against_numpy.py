"""Functions of ``theano.tensor`` against NumPy: for each a declaration, from which seeded cases are drawn.

A declaration names the function, draws arrays and parameters, and says what NumPy calls the same. Drawn are dtypes, ranks, sizes
0 and 1, layouts (transposed, reversed, strided), negative axes, ``keepdims``. ``THEON_FUZZ=n`` draws n cases of each.
"""

import os

import numpy as np
import pytest
from drawing import ANY, COMPLEX, FLOATS, INTEGERS, REAL, Draw

import theano
import theano.tensor as T

COUNT = int(os.environ.get("THEON_FUZZ", "2"))
CASES = {}


def declare(name, draw, ours, numpy, exact=False):
    """``draw(d)`` gives (arrays, parameters); ``ours`` and ``numpy`` take both."""
    assert name not in CASES, name
    CASES[name] = (draw, ours, numpy, exact)


def simple(name, numpy=None, ours=None, exact=False, **given):
    """A function of one array."""
    declare(
        name,
        lambda d: ([d.array(**given)], {}),
        ours or getattr(T, name.split("-")[0]),
        numpy or getattr(np, name.split("-")[0]),
        exact,
    )


def reduction(name, numpy=None, ours=None, empty=True, exact=False, several=True, **given):
    """A function of an array, ``axis`` and ``keepdims``."""

    def draw(d):
        x = d.array(empty=empty, **given)
        return [x], {"axis": d.axis(x, several=several), "keepdims": d.one(True, False)}

    declare(name, draw, ours or getattr(T, name), numpy or getattr(np, name), exact)


# --- reductions ---
reduction("sum", dtypes=ANY)
reduction("prod", dtypes=REAL, low=-2, high=2)
reduction("mean", dtypes=(*REAL, *COMPLEX, "bool"), empty=False)
reduction("var", dtypes=REAL, empty=False)
reduction("std", dtypes=FLOATS, empty=False)
reduction("max", dtypes=(*REAL, "float16", "bool"), empty=False, special=True)
reduction("min", dtypes=(*REAL, "float16"), empty=False, special=True)
reduction("any", dtypes=(*REAL, "bool"), low=-1, high=1)
reduction("all", dtypes=(*REAL, "bool"))
declare(
    "var-ddof",
    lambda d: (
        [x := d.array(dtypes=FLOATS, shape=(3, 4, 5))],
        {"axis": d.axis(x, several=True), "ddof": d.integer(0, 3), "keepdims": d.one(True, False)},
    ),
    lambda x, **p: T.var(x, **p),
    lambda x, **p: np.var(x, **p),
)


def numpy_argmax(x, axis, keepdims, function=np.argmax):
    axes = tuple(range(x.ndim)) if axis is None else tuple(sorted(a % x.ndim for a in np.atleast_1d(axis)))
    kept = [a for a in range(x.ndim) if a not in axes]
    flat = np.transpose(x, (*kept, *axes)).reshape(*[x.shape[a] for a in kept], -1)
    out = function(flat, axis=-1)
    return np.expand_dims(out, axes) if keepdims else out


reduction("argmax", numpy_argmax, dtypes=(*REAL, "bool"), empty=False, special=True, exact=True)
reduction(
    "argmin",
    lambda x, axis, keepdims: numpy_argmax(x, axis, keepdims, np.argmin),
    dtypes=(*REAL, "bool"),
    empty=False,
    special=True,
    exact=True,
)
declare("ptp", lambda d: ([x := d.array(empty=False, dtypes=REAL)], {"axis": d.axis(x)}), T.ptp, np.ptp)
for order in (1, 2, 3, np.inf, 0.5):
    reduction(
        f"norm-{order}",
        lambda x, axis, keepdims, order=order: (
            np.max(abs(x), axis=axis, keepdims=keepdims)
            if order == np.inf
            else np.sum(abs(x).astype("float64") ** order, axis=axis, keepdims=keepdims) ** (1.0 / order)
        ),
        lambda x, axis, keepdims, order=order: x.norm(order, axis=axis, keepdims=keepdims),
        dtypes=("float64", "float32", "int32", "complex128"),
        empty=False,
    )

# --- shapes ---
declare(
    "reshape",
    lambda d: (
        [d.array(shape=d.one((2, 6), (3, 4), (12,), (1, 12)), dtypes=ANY)],
        {"shape": d.one((3, 4), (-1,), (2, -1, 3), (12, 1), [4, -1])},
    ),
    lambda x, shape: T.reshape(x, shape),
    lambda x, shape: np.reshape(x, shape),
)
declare(
    "transpose",
    lambda d: ([x := d.array(dtypes=ANY)], {"axes": d.one(None, tuple(int(a) for a in d.rng.permutation(x.ndim)))}),
    lambda x, axes: T.transpose(x, axes),
    np.transpose,
)
declare(
    "swapaxes",
    lambda d: ([x := d.array(dtypes=ANY)], {"a": d.integer(-x.ndim, x.ndim), "b": d.integer(-x.ndim, x.ndim)}),
    lambda x, a, b: T.swapaxes(x, a, b),
    lambda x, a, b: np.swapaxes(x, a, b),
)
declare(
    "flatten",
    lambda d: ([x := d.array(dtypes=ANY)], {"n": d.integer(1, x.ndim + 1)}),
    lambda x, n: T.flatten(x, n),
    lambda x, n: x.reshape(*x.shape[: n - 1], int(np.prod(x.shape[n - 1 :]))),
)
simple("squeeze", ours=lambda x: T.squeeze(T.addbroadcast(x, 1)), shape=(3, 1, 2), dtypes=ANY)
simple(
    "atleast_3d",
    ours=lambda x: T.shape_padleft(x, 3 - x.ndim),
    numpy=lambda x: x.reshape((1,) * (3 - x.ndim) + x.shape),
    dtypes=ANY,
)
declare(
    "shape_padaxis",
    lambda d: ([x := d.array(dtypes=ANY)], {"axis": d.integer(-x.ndim - 1, x.ndim + 1)}),
    lambda x, axis: T.shape_padaxis(x, axis),
    np.expand_dims,
)
simple("shape_padright", lambda x: x.reshape((*x.shape, 1, 1)), lambda x: T.shape_padright(x, 2))
simple("shape", lambda x: np.array(x.shape), T.shape, exact=True)
simple("size", lambda x: x.size, lambda x: x.size, exact=True)


# --- joining, splitting, repeating ---
def draw_join(d):
    x = d.array(high=9, dtypes=(*REAL, "bool", "complex64"))
    axis = d.integer(-x.ndim, x.ndim)
    shape = list(x.shape)
    shape[axis] = d.integer(0, 4)
    return [x, d.array(shape=shape), x], {"axis": axis}


declare(
    "concatenate",
    draw_join,
    lambda x, y, z, axis: T.concatenate([x, y, z], axis=axis),
    lambda x, y, z, axis: np.concatenate([x, y, z], axis=axis),
)
declare(
    "join",
    draw_join,
    lambda x, y, z, axis: T.join(axis, x, y, z),
    lambda x, y, z, axis: np.concatenate([x, y, z], axis=axis),
)
declare(
    "stack",
    lambda d: ([x := d.array(dtypes=REAL), d.array(shape=x.shape)], {"axis": d.integer(-x.ndim - 1, x.ndim + 1)}),
    lambda x, y, axis: T.stack([x, y], axis=axis),
    lambda x, y, axis: np.stack([x, y], axis=axis),
)
declare(
    "horizontal_stack",
    lambda d: ([d.array(shape=(3, 2)), d.array(shape=(3, 4))], {}),
    T.horizontal_stack,
    lambda *a: np.hstack(a),
)
declare(
    "vertical_stack",
    lambda d: ([d.array(shape=(2, 3)), d.array(shape=(4, 3))], {}),
    T.vertical_stack,
    lambda *a: np.vstack(a),
)
declare(
    "split",
    lambda d: (
        [d.array(shape=(6, 6), dtypes=ANY)],
        {"sizes": d.one([2, 3, 1], [0, 6, 0], [1, 1, 4]), "axis": d.integer(0, 2)},
    ),
    lambda x, sizes, axis: T.split(x, sizes, 3, axis=axis),
    lambda x, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis=axis),
)
declare(
    "split-symbolic",
    lambda d: ([d.array(shape=(6, 4)), np.array(d.one([2, 3, 1], [0, 6, 0]))], {}),
    lambda x, s: T.split(x, s, 3),
    lambda x, s: np.split(x, np.cumsum(s)[:-1]),
)
declare("roll", lambda d: ([x := d.array(dtypes=ANY)], {"shift": d.integer(-7, 8), "axis": d.axis(x)}), T.roll, np.roll)
declare(
    "roll-symbolic",
    lambda d: ([d.array(shape=(4, 5)), np.array(d.integer(-7, 8))], {"axis": d.integer(0, 2)}),
    lambda x, s, axis: T.roll(x, s, axis),
    lambda x, s, axis: np.roll(x, int(s), axis),
)
declare(
    "roll-several",
    lambda d: (
        [d.array(shape=(4, 5, 3))],
        {"shift": (d.integer(-5, 6), d.integer(-5, 6)), "axis": d.one((0, 1), (2, 0), (-1, 1))},
    ),
    T.roll,
    np.roll,
)
declare(
    "tile",
    lambda d: ([d.array(dtypes=REAL)], {"reps": d.one(2, (2,), (2, 1), (1, 3, 2), (2, 1, 2, 1), (0, 2))}),
    T.tile,
    np.tile,
)
declare(
    "tile-symbolic",
    lambda d: ([d.array(shape=(2, 3)), np.array(d.one([2, 3], [1, 1], [0, 2]))], {}),
    lambda x, r: T.tile(x, r, ndim=2),
    lambda x, r: np.tile(x, r),
)
declare(
    "repeat",
    lambda d: ([x := d.array(dtypes=ANY)], {"repeats": d.integer(0, 4), "axis": d.axis(x)}),
    T.repeat,
    np.repeat,
)


def draw_repeats(d):
    x = d.array(dtypes=REAL)
    axis = d.axis(x)
    return [x, d.rng.randint(0, 4, size=x.size if axis is None else x.shape[axis])], {"axis": axis}


declare(
    "repeat-symbolic", draw_repeats, lambda x, r, axis: T.repeat(x, r, axis), lambda x, r, axis: np.repeat(x, r, axis)
)

# --- along an axis ---
declare(
    "cumsum",
    lambda d: ([x := d.array(dtypes=(*REAL, "complex128"))], {"axis": d.axis(x)}),
    T.cumsum,
    lambda x, axis: np.cumsum(x, axis, dtype=x.dtype),
)
declare(
    "cumprod",
    lambda d: ([x := d.array(dtypes=REAL, low=-2, high=2)], {"axis": d.axis(x)}),
    T.cumprod,
    lambda x, axis: np.cumprod(x, axis, dtype=x.dtype),
)
declare(
    "diff",
    lambda d: ([x := d.array(dtypes=REAL)], {"n": d.integer(0, 3), "axis": d.axis(x, none=False)}),
    lambda x, n, axis: theano.tensor.extra_ops.diff(x, n, axis),
    lambda x, n, axis: np.diff(x, n, axis),
)
declare("sort", lambda d: ([x := d.array(dtypes=REAL, special=True)], {"axis": d.axis(x)}), T.sort, np.sort)
declare(
    "argsort",
    lambda d: ([x := d.array(dtypes=FLOATS)], {"axis": d.axis(x)}),
    T.argsort,
    lambda x, axis: np.argsort(x, axis, kind="stable"),
)
declare(
    "argsort-stable",
    lambda d: ([x := d.array(dtypes=INTEGERS, low=-2, high=2)], {"axis": d.axis(x)}),
    lambda x, axis: T.argsort(x, axis, kind="mergesort"),
    lambda x, axis: np.argsort(x, axis, kind="stable"),
)


def numpy_topk(x, k, axis):
    found = np.flip(np.sort(x, axis=axis), axis=axis) if k > 0 else np.sort(x, axis=axis)
    return np.take(found, np.arange(abs(k)), axis=axis)


declare(
    "topk",
    lambda d: ([d.array(shape=(4, 5), dtypes=REAL)], {"k": d.one(-3, -1, 1, 2, 4), "axis": d.integer(-2, 2)}),
    lambda x, k, axis: T.sort(T.topk(x, k, axis), axis),
    lambda x, k, axis: np.sort(numpy_topk(x, k, axis), axis),
)


# --- sets, bins, grids ---
declare(
    "bincount",
    lambda d: (
        [d.array(shape=(d.integer(0, 9),), dtypes=("int8", "int64", "uint8"), low=0)],
        {"n": d.one(None, 0, 4, 20)},
    ),
    lambda x, n: T.bincount(x, minlength=n),
    lambda x, n: np.bincount(x, minlength=n or 0),
)
declare(
    "bincount-weights",
    lambda d: (
        [d.array(shape=(7,), dtypes=("int32",), low=0), d.array(shape=(7,), dtypes=FLOATS)],
        {"n": d.one(None, 20)},
    ),
    lambda x, w, n: T.bincount(x, w, minlength=n),
    lambda x, w, n: np.bincount(x, w, minlength=n or 0),
)
declare(
    "compress",
    lambda d: ([d.array(shape=(4, 5)), d.rng.rand(4) > 0.5], {}),
    lambda x, c: theano.tensor.extra_ops.compress(c, x, axis=0),
    lambda x, c: np.compress(c, x, axis=0),
)
declare(
    "compress-flat",
    lambda d: ([d.array(shape=(2, 3)), d.rng.rand(6) > 0.5], {}),
    lambda x, c: theano.tensor.extra_ops.compress(c, x),
    lambda x, c: np.compress(c, x),
)
declare(
    "searchsorted",
    lambda d: ([np.sort(d.array(shape=(6,), dtypes=REAL)), d.array(dtypes=REAL)], {"side": d.one("left", "right")}),
    T.extra_ops.searchsorted,
    np.searchsorted,
)
declare(
    "searchsorted-sorter",
    lambda d: ([x := d.array(shape=(6,), dtypes=FLOATS), d.array(), np.argsort(x)], {"side": d.one("left", "right")}),
    lambda x, v, s, side: T.extra_ops.searchsorted(x, v, side, s),
    lambda x, v, s, side: np.searchsorted(x, v, side, s),
)


def filled(x, value, offset=0):
    out = x.copy()
    rows, columns = np.indices(out.shape[:2])
    out[columns - rows == offset] = value
    return out


declare(
    "fill_diagonal",
    lambda d: ([d.array(shape=d.one((3, 5), (5, 3), (4, 4)), dtypes=INTEGERS[:4] + FLOATS)], {}),
    lambda x: T.fill_diagonal(x, np.int8(3)),
    lambda x: filled(x, 3),
)
declare(
    "fill_diagonal_offset",
    lambda d: ([d.array(shape=d.one((3, 5), (5, 3), (4, 4)), dtypes=FLOATS)], {"k": d.integer(-4, 5)}),
    lambda x, k: T.fill_diagonal_offset(x, 2.0, k),
    lambda x, k: filled(x, 2.0, k),
)
declare(
    "to_one_hot",
    lambda d: ([d.array(shape=(d.integer(0, 5),), dtypes=("int32", "uint8"), low=0, high=4)], {}),
    lambda x: T.extra_ops.to_one_hot(x, 5),
    lambda x: np.eye(5)[x],
)
for flags in ((), ("index",), ("inverse",), ("counts",), ("index", "inverse", "counts")):
    options = {f"return_{flag}": True for flag in flags}
    declare(
        "unique-" + "-".join(flags),
        lambda d: ([d.array(dtypes=REAL, low=-3, high=3)], {}),
        lambda x, options=options: T.extra_ops.Unique(**options)(x),
        lambda x, options=options: (
            [a.reshape(-1) for a in found] if isinstance(found := np.unique(x, **options), tuple) else found
        ),
    )
declare(
    "unravel_index",
    lambda d: ([d.rng.randint(0, 24, size=d.shape())], {"order": d.one("C", "F")}),
    lambda i, order: list(T.unravel_index(i, (2, 3, 4), order=order)),
    lambda i, order: list(np.unravel_index(i, (2, 3, 4), order=order)),
)
declare(
    "ravel_multi_index",
    lambda d: (
        [d.rng.randint(0, 2, size=4), d.rng.randint(0, 5, size=4)],
        {"mode": d.one("wrap", "clip"), "order": d.one("C", "F")},
    ),
    lambda i, j, mode, order: T.ravel_multi_index((i, j), (2, 3), mode=mode, order=order),
    lambda i, j, mode, order: np.ravel_multi_index((i, j), (2, 3), mode=mode, order=order),
)
declare(
    "mgrid",
    lambda d: ([], {"a": slice(d.integer(-3, 1), d.integer(0, 5)), "b": slice(0, 7, 2)}),
    lambda a, b: T.mgrid[a, b],
    lambda a, b: list(np.mgrid[a, b]),
)
declare(
    "ogrid",
    lambda d: ([], {"a": slice(0, d.integer(0, 5)), "b": slice(0, 1, 0.25)}),
    lambda a, b: T.ogrid[a, b],
    lambda a, b: list(np.ogrid[a, b]),
)
declare(
    "cov",
    lambda d: (
        [d.array(shape=(3, 5), dtypes=FLOATS)],
        {"rowvar": d.one(True, False), "bias": d.one(True, False), "ddof": d.one(None, 0, 1, 2)},
    ),
    T.cov,
    np.cov,
)
declare(
    "cov-y",
    lambda d: (
        [d.array(shape=(2, 5), dtypes=("float64",)), d.array(shape=(3, 5), dtypes=("float64",))],
        {"bias": d.one(True, False)},
    ),
    lambda m, y, bias: T.cov(m, y, bias=bias),
    lambda m, y, bias: np.cov(m, y, bias=bias),
)
declare(
    "cov-weights",
    lambda d: (
        [d.array(shape=(3, 5), dtypes=("float64",)), d.rng.randint(1, 4, size=5), d.rng.rand(5)],
        {"ddof": d.one(None, 0)},
    ),
    lambda m, f, a, ddof: T.cov(m, fweights=f, aweights=a, ddof=ddof),
    lambda m, f, a, ddof: np.cov(m, fweights=f, aweights=a, ddof=ddof),
)

# --- making arrays ---
declare(
    "arange",
    lambda d: ([], {"a": d.one((5,), (1, 7), (0, 10, 3), (9, 0, -2), (0.0, 1.0, 0.3), (3, 1), (-2.5, 2.5))}),
    lambda a: T.arange(*a),
    lambda a: np.arange(*a),
)
declare(
    "arange-symbolic",
    lambda d: ([np.array(d.integer(-4, 4)), np.array(d.integer(-4, 9)), np.array(d.one(-2, -1, 1, 2, 3))], {}),
    T.arange,
    lambda *a: np.arange(*map(int, a)),
)
declare(
    "eye",
    lambda d: ([], {"n": d.integer(0, 5), "m": d.one(None, 0, 3, 5), "k": d.integer(-4, 5)}),
    lambda n, m, k: T.eye(n, m, k),
    lambda n, m, k: np.eye(n, m, k),
)
declare(
    "tri",
    lambda d: ([], {"n": d.integer(0, 5), "m": d.one(None, 3, 5), "k": d.integer(-4, 5)}),
    lambda n, m, k: T.tri(n, m, k),
    lambda n, m, k: np.tri(n, m, k),
)
declare(
    "tril",
    lambda d: ([d.array(shape=d.one((3, 5), (4, 4), (5, 2)), dtypes=REAL)], {"k": d.integer(-4, 5)}),
    T.tril,
    np.tril,
)
declare(
    "triu",
    lambda d: ([d.array(shape=d.one((3, 5), (4, 4), (5, 2)), dtypes=REAL)], {"k": d.integer(-4, 5)}),
    T.triu,
    np.triu,
)
declare(
    "diag",
    lambda d: ([d.array(shape=d.one((3,), (3, 5), (4, 4)), dtypes=ANY)], {"k": d.integer(-3, 3)}),
    lambda x, k: T.diag(x, k),
    np.diag,
)
declare(
    "diagonal",
    lambda d: (
        [d.array(shape=(3, 4, 5), dtypes=ANY)],
        {"offset": d.integer(-3, 4), "axes": d.one((0, 1), (1, 2), (2, 0), (-1, 0))},
    ),
    lambda x, offset, axes: T.diagonal(x, offset, *axes),
    lambda x, offset, axes: np.diagonal(x, offset, *axes),
)
declare(
    "alloc",
    lambda d: ([d.array(shape=(3,), dtypes=ANY)], {}),
    lambda x: T.alloc(x, 2, 4, 3),
    lambda x: np.broadcast_to(x, (2, 4, 3)),
)
simple("zeros_like", dtypes=ANY)
simple("ones_like", dtypes=ANY)
declare(
    "identity_like", lambda d: ([d.array(shape=(3, 4), dtypes=FLOATS)], {}), T.identity_like, lambda x: np.eye(3, 4)
)

# --- products ---
declare(
    "dot",
    lambda d: (
        d.one(
            [d.array(shape=(3,), dtypes=REAL), d.array(shape=(3,), dtypes=REAL)],
            [d.array(shape=(2, 3)), d.array(shape=(3,))],
            [d.array(shape=(3,)), d.array(shape=(3, 0))],
            [d.array(shape=(2, 3)), d.array(shape=(3, 4))],
            [d.array(shape=(5, 2, 3), dtypes=("float64",)), d.array(shape=(4, 3, 2), dtypes=("float64",))],
            [d.array(shape=(2, 3), dtypes=COMPLEX), d.array(shape=(3, 4), dtypes=FLOATS)],
        ),
        {},
    ),
    T.dot,
    np.dot,
)
declare(
    "outer", lambda d: ([d.array(shape=(3,), dtypes=REAL), d.array(shape=(2,), dtypes=REAL)], {}), T.outer, np.outer
)
declare(
    "tensordot",
    lambda d: (
        [d.array(shape=(3, 4, 5), dtypes=FLOATS), d.array(shape=(4, 5, 2), dtypes=FLOATS)],
        {"axes": d.one(2, [[1, 2], [0, 1]], ((2, 1), (1, 0)), [[-1], [1]], [2, 1])},
    ),
    T.tensordot,
    np.tensordot,
)
declare(
    "tensordot-0",
    lambda d: ([d.array(shape=(3, 2), dtypes=FLOATS), d.array(shape=(2,), dtypes=FLOATS)], {}),
    lambda x, y: T.tensordot(x, y, 0),
    lambda x, y: np.tensordot(x, y, 0),
)
declare(
    "batched_dot",
    lambda d: ([d.array(shape=(2, 3, 4), dtypes=FLOATS), d.array(shape=(2, 4, 5), dtypes=FLOATS)], {}),
    T.batched_dot,
    np.matmul,
)
declare(
    "batched_tensordot",
    lambda d: ([d.array(shape=(2, 3, 4, 5), dtypes=FLOATS), d.array(shape=(2, 5, 4), dtypes=FLOATS)], {}),
    lambda x, y: T.batched_tensordot(x, y, [[2, 3], [2, 1]]),
    lambda x, y: np.einsum("bijk,bkj->bi", x, y),
)
declare(
    "matmul", lambda d: ([d.array(shape=(2, 3)), d.array(shape=(3, 4))], {}), lambda x, y: x @ y, lambda x, y: x @ y
)

# --- elementwise with rules of their own ---
PAIRS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "int_div": np.floor_divide,
    "eq": np.equal,
    "lt": np.less,
    "ge": np.greater_equal,
}


def draw_pair(d, dtypes=REAL, **given):
    shape = d.shape()
    other = tuple(1 if d.rng.rand() < 0.3 else n for n in shape)[d.integer(0, len(shape)) :]
    return [d.array(shape=shape, dtypes=dtypes, **given), d.array(shape=other, dtypes=dtypes, **given)]


def both_ways(numpy):
    def function(x, y):
        dtype = np.result_type(x.dtype, y.dtype)
        return numpy(x.astype(dtype), y.astype(dtype))

    return function


for name, function in PAIRS.items():
    declare(name, lambda d: (draw_pair(d), {}), getattr(T, name), both_ways(function))
declare("pow", lambda d: (draw_pair(d, dtypes=FLOATS, low=0.1, high=3), {}), T.pow, both_ways(np.power))
declare(
    "pow-int",
    lambda d: ([d.array(dtypes=INTEGERS), np.int8(d.integer(0, 4))], {}),
    lambda x, n: x**n,
    lambda x, n: np.power(x, n),
)
declare("true_div", lambda d: (draw_pair(d), {}), T.true_div, np.true_divide)
declare(
    "clip",
    lambda d: ([d.array(dtypes=REAL), np.int8(0), np.int8(4)], {}),
    T.clip,
    lambda x, a, b: np.clip(x, x.dtype.type(a), x.dtype.type(b)),
)
declare(
    "switch",
    lambda d: ([x := d.array(dtypes=ANY), d.array(shape=x.shape), d.array(shape=x.shape)], {}),
    T.switch,
    lambda c, x, y: np.where(c, x, y),
)
for name, function in (("and_", np.bitwise_and), ("or_", np.bitwise_or), ("xor", np.bitwise_xor)):
    declare(
        name,
        lambda d: (draw_pair(d, dtypes=("int8", "uint8", "int64", "uint32")), {}),
        getattr(T, name),
        both_ways(function),
    )
simple("invert", dtypes=(*INTEGERS, "bool"))
for name in ("ceil", "floor", "trunc"):
    simple(name, dtypes=FLOATS, special=True)
simple("round_half_to_even", np.rint, T.round_half_to_even, dtypes=("float64", "float32", "float16"), special=True)
simple(
    "round_half_away_from_zero",
    lambda x: np.copysign(np.floor(abs(x) + 0.5), x),
    T.round_half_away_from_zero,
    dtypes=FLOATS,
)
simple("sgn", np.sign, dtypes=REAL, special=True)
simple("abs_", np.abs, dtypes=(*REAL, *COMPLEX))
for name in ("real", "imag", "conj", "angle"):
    simple(name, dtypes=(*COMPLEX, *FLOATS))
for name in ("exp", "sin", "cos", "tanh", "log", "sqrt", "expm1", "arcsinh", "sinh"):
    simple(f"{name}-complex", dtypes=COMPLEX, low=-2, high=2)
    simple(
        f"{name}-half",
        lambda x, name=name: getattr(np, name)(x.astype("float32")),
        dtypes=("float16",),
        low=0.1,
        high=2,
    )
declare(
    "complex",
    lambda d: ([x := d.array(dtypes=FLOATS), d.array(shape=x.shape, dtypes=FLOATS)], {}),
    T.complex,
    lambda x, y: x + 1j * y,
)
declare(
    "complex_from_polar",
    lambda d: ([x := d.array(dtypes=FLOATS, low=0), d.array(shape=x.shape, dtypes=FLOATS)], {}),
    T.complex_from_polar,
    lambda r, t: r * np.exp(1j * t.astype("float64")),
)
declare(
    "largest",
    lambda d: ([x := d.array(), d.array(shape=x.shape), d.array(shape=x.shape)], {}),
    T.largest,
    lambda x, y, z: np.maximum(np.maximum(x, y), z),
)
declare(
    "ceil_intdiv",
    lambda d: ([d.array(dtypes=("int32", "int64")), np.int32(d.one(-3, -2, 2, 3, 5))], {}),
    T.ceil_intdiv,
    lambda x, y: -(-x // y),
)
declare("isclose", lambda d: (draw_pair(d, dtypes=FLOATS, low=0, high=1e-7, special=True), {}), T.isclose, np.isclose)


def same(got, wanted, exact, given=()):
    wanted = np.asarray(wanted)
    got = np.asarray(got)
    assert got.shape == wanted.shape, (got.shape, wanted.shape)
    if wanted.dtype.kind in "fc" and got.dtype.kind not in "fc":
        wanted = wanted.astype(got.dtype)
    narrow = {"float16": 5e-3, "float32": 1e-4, "complex64": 1e-4}
    tolerance = max([narrow.get(str(a.dtype), 1e-10) for a in (got, wanted, *given)])
    if exact or got.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, wanted)
    else:
        scale = np.max(abs(wanted[np.isfinite(wanted)]), initial=0)
        np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.filterwarnings("ignore")
def test_same_as_numpy(name):
    draw, ours, numpy, exact = CASES[name]
    for seed in range(COUNT):
        arrays, parameters = draw(Draw([seed, len(name), *map(ord, name)]))
        arrays = [np.asarray(a) for a in arrays]
        shown = ", ".join(f"{a.dtype}{list(a.shape)}" for a in arrays) + f" {parameters} seed {seed}"
        try:
            with np.errstate(all="ignore"):
                wanted = numpy(*arrays, **parameters)
            variables = [T.TensorType(str(a.dtype), (False,) * a.ndim)() for a in arrays]
            outs = ours(*variables, **parameters)
            f = theano.function(variables, outs)
            before = [a.copy() for a in arrays]
            got = f(*arrays)
            several = isinstance(wanted, list | tuple)
            for out, one, other in zip(
                *(([outs], [got], [wanted]) if not several else (outs, got, wanted)), strict=True
            ):
                same(one, other, exact, arrays)
                assert str(np.asarray(one).dtype) == out.dtype, (np.asarray(one).dtype, out.dtype)
                assert all(n == 1 for n, flag in zip(np.shape(one), out.broadcastable) if flag)
            for a, b in zip(arrays, before):
                np.testing.assert_array_equal(a, b)
        except Exception as error:
            raise AssertionError(f"{name}: {shown}: {type(error).__name__}: {error}") from error
