"""Loops over arrays that are not contiguous along the last axis give what they give for contiguous ones."""

import numpy as np
import pytest

import theano
import theano.tensor as T

LAYOUTS = {
    "fortran": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "stepped": lambda a: np.repeat(a, 2, -1)[..., ::2],
    "backwards": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "swapped": lambda a: np.ascontiguousarray(np.swapaxes(a, -1, -2)).swapaxes(-1, -2) if a.ndim > 1 else a,
    "rows apart": lambda a: np.repeat(a, 3, 0)[::3],
    "spread": lambda a: np.broadcast_to(a[..., :1], a.shape),
}
SHAPES = [
    (7,),
    (900,),
    (3, 5),
    (40, 70),
    (300, 17),
    (5, 600),
    (700, 3),
    (3, 20, 30),
    (20, 3, 40),
    (2, 3, 4, 50),
    (1, 90, 1),
    (0, 5),
]


def programs(x, y):
    yield T.exp(x) + y
    yield x * y - 1
    yield T.nnet.sigmoid(x).astype("float32") * y
    if x.ndim > 1:
        yield T.exp(x).sum(-1)
        yield T.exp(x * y).sum(0)
        yield T.log(1 + x * x).max(axis=-1)
        yield x.argmax(-1)
        yield T.tanh(x).sum(axis=tuple(range(x.ndim)))
        yield x - T.log(T.exp(x).sum(-1, keepdims=True))
        yield y[..., :1] * T.sqrt(x * x + 1)
    if x.ndim == 2:
        yield T.nnet.softmax(x if x.dtype.startswith("float") else y)
        yield T.exp(x.T) + x.T


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layouts(shape, dtype):
    x, y = T.TensorType(dtype, [False] * len(shape))("x"), T.TensorType("float64", [False] * len(shape))("y")
    made = list(programs(x, y))
    if 0 in shape:
        made = made[:3]
    f = theano.function([x, y], made)
    rng = np.random.RandomState(sum(shape))
    a = (rng.randn(*shape) * 3).astype(dtype)
    b = rng.randn(*shape)
    expected = f(np.ascontiguousarray(a), b)
    for name, laid in LAYOUTS.items():
        u, v = laid(a), laid(b)
        wanted = expected if name != "spread" else f(np.ascontiguousarray(u), np.ascontiguousarray(v))
        for given in ((u, v), (u, np.ascontiguousarray(v)), (np.ascontiguousarray(u), v)):
            for got, e in zip(f(*given), wanted):
                np.testing.assert_allclose(got, e, rtol=2e-6, atol=1e-6, err_msg=name)


def test_strided_part_updated_in_place():
    s = theano.shared(np.arange(2400.0).reshape(40, 60))
    x = T.matrix("x")
    f = theano.function([x], updates=[(s, T.set_subtensor(s[:, ::2], T.exp(s[:, ::2] * 1e-3) + x.T))])
    a = np.random.RandomState(0).randn(30, 40)
    before = s.get_value()
    f(a)
    before[:, ::2] = np.exp(before[:, ::2] * 1e-3) + a.T
    np.testing.assert_allclose(s.get_value(), before, rtol=1e-12)
