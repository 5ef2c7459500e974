"""Products with chosen blocks: each block's product on its own, and gradients to the second order."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.nnet.blocksparse import sparse_block_dot, sparse_block_gemv, sparse_block_outer
from theon.schedule.step import PythonCall

rng = np.random.RandomState(5)
W, h, b = rng.randn(4, 5, 3, 2), rng.randn(2, 3, 3), rng.randn(5, 2)
ins, outs = np.array([[0, 1, 3], [2, 2, 1]]), np.array([[0, 4], [1, 1]])


def block_by_block(W, h, ins, b, outs):
    return np.array(
        [[b[j] + sum(h[n, i] @ W[k, j] for i, k in enumerate(ins[n])) for j in outs[n]] for n in range(len(h))]
    )


def test_block_dot_is_the_sum_of_its_blocks():
    wanted = block_by_block(W, h, ins, b, outs)
    np.testing.assert_allclose(sparse_block_dot(W, h, ins, b, outs).eval(), wanted)
    np.testing.assert_allclose(sparse_block_dot(W, h[1], ins[1], b, outs[1]).eval(), wanted[1])
    empty = sparse_block_dot(W, h[:0], ins[:0], b, outs[:0]).eval()
    assert empty.shape == (0, 2, 2)


def test_block_products_have_gradients_and_gradients_of_those():
    T.verify_grad(lambda W, h, b: sparse_block_dot(W, h, ins, b, outs), [W, h, b], rng=rng)
    T.verify_grad(
        lambda o, x, y, alpha: sparse_block_outer(o, x, y, ins, outs, alpha) ** 2,
        [W, h, rng.randn(2, 2, 2), np.array(0.7)],
        rng=rng,
    )

    def slope(W, h):
        return T.grad((sparse_block_dot(W, h, ins, b, outs) ** 2).sum(), W)

    T.verify_grad(slope, [W, h], rng=rng)


def test_blocks_that_are_not_there_are_refused():
    o, w, x = T.dtensor3(), T.dtensor4(), T.dtensor3()
    i, j = T.lmatrix(), T.lmatrix()
    f = theano.function([o, w, x, i, j], sparse_block_gemv(o, w, x, i, j))
    value = rng.randn(2, 2, 2)
    assert f(value, W, h, ins, outs).shape == (2, 2, 2)
    with pytest.raises(IndexError, match="no block 4"):
        f(value, W, h, ins + 1, outs)
    with pytest.raises(IndexError, match="no block -1"):
        f(value, W, h, ins, outs - 1)
    with pytest.raises(ValueError, match="batch sizes"):
        f(value, W, h[:1], ins, outs)
    with pytest.raises(TypeError):
        sparse_block_gemv(o, T.dmatrix(), x, i, j)
    with pytest.raises(TypeError):
        sparse_block_gemv(o, w, x, T.dmatrix(), j)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_machine_code_agrees_with_numpy_forward_and_back(dtype):
    W, h, b = T.tensor4(dtype=dtype), T.tensor3(dtype=dtype), T.matrix(dtype=dtype)
    ins, outs = T.lmatrix(), T.imatrix()
    y = sparse_block_dot(W, h, ins, b, outs)
    found = [y, *T.grad((T.tanh(y) * T.arange(y.size).reshape(y.shape).astype(dtype)).sum(), [W, h, b])]
    f, g = (theano.function([W, h, ins, b, outs], found, mode=mode) for mode in (None, "FAST_COMPILE"))
    assert not any(isinstance(s, PythonCall) for s in f._native.program.steps)
    for sizes in (
        (4, 5, 7, 6, 3, 2, 2),
        (3, 2, 1, 19, 2, 5, 4),
        (3, 2, 5, 1, 2, 1, 1),
        (2, 2, 3, 3, 0, 2, 2),
        (2, 3, 3, 4, 2, 0, 2),
    ):
        n_in, n_out, rows, columns, batch, used_in, used_out = sizes
        values = (
            rng.standard_normal((n_in, n_out, rows, columns)), rng.standard_normal((batch, used_in, rows)),
            rng.randint(0, n_in, (batch, used_in)), rng.standard_normal((n_out, columns)), rng.randint(0, n_out, (batch, used_out)),
        )  # fmt: skip
        for order in "CF":
            given = [np.asarray(v, {"i": "int64", "f": dtype}[v.dtype.kind], order=order) for v in values]
            given[4] = given[4].astype("int32")
            for got, wanted in zip(f(*given), g(*given), strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-4 if dtype == "float32" else 1e-10, atol=1e-5)

    with pytest.raises(IndexError):
        f(
            *[
                np.ones((2, 2, 1, 1), dtype),
                np.ones((1, 1, 1), dtype),
                np.array([[2]]),
                np.ones((2, 1), dtype),
                np.array([[0]], "int32"),
            ]
        )
