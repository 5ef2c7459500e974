"""One pass over a stack gives what a loop over its elements gives: for each op with a rule, for gradients, for what has no rule."""

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theano.ifelse import ifelse
from theano.tensor import nlinalg, slinalg
from theano.tensor.signal.pool import pool_2d
from theon.autodiff.batching import NoRule
from theon.ops import fourier
from theon.ops.linalg import triangle

rng = np.random.RandomState(4)
N = 3
m, w, v, u, s, i, iv = (
    T.dmatrix("m"),
    T.dmatrix("w"),
    T.dvector("v"),
    T.dvector("u"),
    T.dscalar("s"),
    T.lscalar("i"),
    T.lvector("iv"),
)
t3 = T.dtensor3("t3")
VALUES = {
    m: lambda: rng.randn(4, 5),
    w: lambda: rng.randn(5, 4),
    v: lambda: rng.randn(5),
    u: lambda: rng.randn(4),
    s: lambda: np.asarray(rng.randn()),
    i: lambda: np.asarray(rng.randint(-4, 4)),
    iv: lambda: rng.randint(0, 4, 6),
    t3: lambda: rng.randn(2, 4, 5),
}

# name: expression, variables that get a stack (in each of the ways listed).
CASES = {
    "arithmetic": (T.exp(m) * v + s, [[m], [v], [s], [m, v, s]]),
    "comparison": (T.switch(m > s, m, v), [[m], [s], [v]]),
    "cast": (T.cast(m, "float32"), [[m]]),
    "transpose": (m.T + w, [[m], [w], [m, w]]),
    "sum": (m.sum(), [[m]]),
    "sum of rows": (m.sum(axis=1, keepdims=True) + m.prod(axis=0), [[m]]),
    "mean, max, min": (m.mean(axis=0) + m.max(axis=0) - m.min(), [[m]]),
    "all": ((m > s).all(axis=1), [[m], [s]]),
    "largest place": (T.argmax(m, axis=1) + T.max_and_argmax(m, axis=0)[1].sum(), [[m]]),
    "log-sum-exp": (T.log(T.exp(m).sum(axis=1)), [[m]]),
    "variance": (m.var(axis=0), [[m]]),
    "reshape": (m.reshape((2, -1)) + m.flatten()[:10].reshape((2, 5))[:, :1], [[m]]),
    "sizes": (m / m.shape[0] + T.arange(m.shape[1]), [[m]]),
    "new sizes": (T.zeros_like(m) + T.ones(m.shape) * s, [[m], [s]]),
    "slices": (m[1:3, ::-1] + m[0, 2] + v[-1], [[m], [v]]),
    "strided": (m[::2, 1:], [[m]]),
    "one element": (m[i], [[m], [i], [m, i]]),
    "one element of two": (m[i, 2] + v[i], [[m], [i], [m, i, v]]),
    "element of a column": (m[:, i], [[i], [m, i]]),
    "set": (T.set_subtensor(m[1], v), [[m], [v], [m, v]]),
    "increase": (T.inc_subtensor(m[:, 1:3], s), [[m], [s]]),
    "increase one": (T.inc_subtensor(m[i], v), [[m], [i], [v], [m, i, v]]),
    "rows": (m[iv], [[m], [iv], [m, iv]]),
    "increase rows": (T.inc_subtensor(m[iv], v), [[m], [iv], [v], [m, iv, v]]),
    "pairs": (m[iv, iv], [[m]]),
    "pairs of stacks": (m[iv, iv], [[iv]]),
    "columns": (m[:, iv], [[m]]),
    "increase pairs": (T.inc_subtensor(m[iv, iv], s), [[m], [s]]),
    "join": (T.concatenate([m, T.exp(m)], axis=1), [[m]]),
    "join of some": (T.concatenate([m[0], v, T.stack([s, 2 * s])]), [[m], [v], [s]]),
    "stack": (T.stack([v, v * 2], axis=1), [[v]]),
    "split": (T.split(m, [2, 3], 2, axis=1)[1], [[m]]),
    "products of matrices": (T.dot(m, w), [[m], [w], [m, w]]),
    "products with vectors": (T.dot(m, v), [[m], [v], [m, v]]),
    "products from the left": (T.dot(u, m), [[m], [u], [m, u]]),
    "inner products": (T.dot(v, v * 2), [[v]]),
    "inner products with one": (T.dot(v, w.T[0]), [[v], [w]]),
    "batched products": (T.batched_dot(t3, t3.dimshuffle(0, 2, 1)), [[t3]]),
    "batched products with one": (T.batched_dot(t3, T.stack([w, w])), [[t3], [w], [t3, w]]),
    "tensordot": (T.tensordot(t3, m, axes=[[1, 2], [0, 1]]), [[t3], [m]]),
    "softmax": (T.nnet.softmax(m), [[m]]),
    "log-softmax": (T.nnet.logsoftmax(m), [[m]]),
    "sorted": (T.sort(m, axis=1) + T.sort(m, axis=0), [[m]]),
    "order": (T.argsort(m, axis=0), [[m]]),
    "running": (T.cumsum(m, axis=1) + T.cumprod(m, axis=0), [[m]]),
    "running, flat": (T.cumsum(m), [[m]]),
    "largest": (T.topk(m, 2), [[m]]),
    "repeat and tile": (T.tile(v, 2) + T.roll(T.tile(v, 2), 1), [[v]]),
    "diagonal": (T.diag(m) + T.diagonal(m, 1), [[m]]),
    "matrix of diagonal": (T.diag(v), [[v]]),
    "trace": (nlinalg.trace(m), [[m]]),
    "triangles": (T.tril(m) + triangle(m, True, 1) + triangle(m, False), [[m]]),
    "solution": (slinalg.solve(T.dot(m, w) + 9 * T.eye(4), m), [[m], [w], [m, w]]),
    "solution of vectors": (slinalg.solve_lower_triangular(T.dot(m, w) + 9 * T.eye(4), u), [[u], [m]]),
    "factors": (slinalg.cholesky(T.dot(m, m.T) + T.eye(4)), [[m]]),
    "determinant": (nlinalg.det(T.dot(m, m.T)), [[m]]),
    "no gradient": (theano.gradient.disconnected_grad(m) * m, [[m]]),
    "assertion": (T.opt.Assert()(m, T.all(m < 1e9)), [[m]]),
    "clip": (T.clip(m, -1, s), [[m], [s]]),
    "transforms": (abs(fourier.fftn(m)) + abs(fourier.ifft(m, axis=0)), [[m]]),
    "real transforms": (T.fft.irfft(T.fft.rfft(m) * 2, "ortho", is_odd=True), [[m]]),
    "einsum": (T.einsum("ij,jk,j->ki", m, w, v), [[m], [w, v], [m, w, v]]),
    "singular values": (nlinalg.svd(m, 0)[1], [[m]]),
    "eigenvectors": (abs(nlinalg.eigh(T.dot(m, m.T))[1]), [[m]]),
    "orthogonal factors": (nlinalg.qr(m)[1], [[m]]),
    "LU factors": (slinalg.lu(T.dot(m, w))[2], [[m], [w]]),
    "inverses": (nlinalg.pinv(m) + nlinalg.matrix_inverse(T.dot(m, m.T))[0, 0], [[m]]),
    "exponential": (slinalg.expm(T.dot(m, m.T) / 9), [[m]]),
    "Kronecker": (slinalg.kron(m, w), [[m], [m, w]]),
    "least squares": (nlinalg.lstsq()(w, v, -1)[0], [[w], [v], [v, w]]),
    "log-determinant": (nlinalg.slogdet(T.dot(m, w))[1] + nlinalg.norm(m, 2), [[m], [m, w]]),
    "choice": (ifelse(T.gt(s, 0), m * 2, m - v), [[s], [m], [m, s, v]]),
    "taken": (T.take(m, iv % 4, axis=1) + T.choose(iv % 2, [v[0], v[1]]), [[m], [iv], [v, iv]]),
    "searched": (T.extra_ops.searchsorted(T.sort(v), m), [[m], [v], [m, v]]),
    "one of many": (T.extra_ops.to_one_hot(iv, 7), [[iv]]),
    "filled diagonals": (T.extra_ops.fill_diagonal(m, s), [[m], [s]]),
    "convolution": (T.nnet.conv2d(m.dimshuffle("x", "x", 0, 1), w[:2, :2].dimshuffle("x", "x", 0, 1)), [[m], [w]]),
    "pooling": (pool_2d(m, (2, 2), ignore_border=True), [[m]]),
    "likelihood": (T.nnet.categorical_crossentropy(T.nnet.softmax(m), iv[:4]), [[m], [iv], [m, iv]]),
    "gradient of factors": (T.grad(T.log(T.diag(slinalg.cholesky(T.dot(m, m.T)))).sum(), m), [[m]]),
    "Hessian": (theano.gradient.hessian((T.tanh(T.dot(m, v)) * u).sum(), v), [[m], [v], [m, u, v]]),
    "gradient of a loop": (T.grad(theano.scan(lambda x, h: T.tanh(x + h), v, s)[0].sum(), v), [[v], [v, s]]),
    "loop": (theano.scan(lambda x, h: T.tanh(x + h), v, s)[0], [[v], [s], [v, s]]),
}


def stacked(variable, count=N):
    return T.TensorType(variable.dtype, (False, *variable.broadcastable))()


@pytest.mark.parametrize("name", CASES)
def test_a_stack_and_a_loop_agree(name):
    expression, ways = CASES[name]
    everything = [x for x in VALUES if x in theano.gof.graph.inputs([expression])]
    plain = theano.function(everything, expression, on_unused_input="ignore")
    for way in ways:
        replace = {x: stacked(x) for x in way}
        found = theon.vectorize(expression, replace)
        assert found.ndim == expression.ndim + 1 and found.dtype == expression.dtype
        f = theano.function([replace.get(x, x) for x in everything], found)
        values = {
            x: np.stack([make() for _ in range(N)]) if x in way else make()
            for x, make in VALUES.items()
            if x in everything
        }
        got = f(*values.values())
        want = [plain(*(values[x][n] if x in way else values[x] for x in everything)) for n in range(N)]
        np.testing.assert_allclose(got, np.stack(want), rtol=1e-9, atol=1e-12, err_msg=str(way))


SMOOTH = [
    "arithmetic",
    "log-sum-exp",
    "variance",
    "slices",
    "increase rows",
    "join of some",
    "products of matrices",
    "tensordot",
    "softmax",
    "solution",
    "factors",
    "loop",
]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_stacks_and_stacks_of_gradients_agree(name):
    expression, ways = CASES[name]
    everything = [x for x in VALUES if x in theano.gof.graph.inputs([expression])]
    (*_, way) = ways
    x = next(y for y in way if y.dtype == "float64")
    replace = {y: stacked(y) for y in way}
    inputs = [replace.get(y, y) for y in everything]
    stack_of_gradients = theon.vectorize(T.grad((expression**2).sum(), x), replace)
    gradient_of_stack = T.grad((theon.vectorize(expression, replace) ** 2).sum(), replace[x])
    values = [np.stack([VALUES[y]() for _ in range(N)]) if y in way else VALUES[y]() for y in everything]
    a, b = theano.function(inputs, [stack_of_gradients, gradient_of_stack])(*values)
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_two_dimensions_in_front():
    x = T.TensorType("float64", [False] * 3)("x")
    found = theon.vectorize([T.dot(m, v), v.sum()], {v: x})
    a, b = rng.randn(2, 3, 5), rng.randn(4, 5)
    got = theano.function([m, x], found)(b, a)
    np.testing.assert_allclose(got[0], a @ b.T)
    np.testing.assert_allclose(got[1], a.sum(axis=-1))


def test_what_does_not_depend_is_repeated():
    many = T.dmatrix()
    found = theon.vectorize([u * 2, v], {v: many})
    got = theano.function([u, many], found)(np.arange(2.0), np.ones((3, 5)))
    np.testing.assert_array_equal(got[0], np.tile([0.0, 2.0], (3, 1)))


def test_what_cannot_be_stacked_is_refused():
    with pytest.raises(TypeError, match="tensors"):
        theon.vectorize(v, {"v": m})
    with pytest.raises(ValueError, match="in front"):
        theon.vectorize(v, {v: u})
    with pytest.raises(ValueError, match="as many"):
        theon.vectorize(v + u, {v: m, u: t3})
    with pytest.raises(NoRule):
        theon.vectorize(nlinalg.det(m), {m: t3}, strict=True)


def test_users_ops_are_looped_over_or_bring_their_rule():
    class Double(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            outputs[0][0] = inputs[0] * 2

    class Quick(Double):
        def batch(self, node, args):
            return [args[0][0] * 2]

    x = rng.randn(3, 5)
    many = T.dmatrix()
    for op in (Double(), Quick()):
        np.testing.assert_allclose(theano.function([many], theon.vectorize(op(v), {v: many}))(x), 2 * x)


def test_vmap_along_other_dimensions():
    f = theon.vmap(lambda a, b: [T.dot(a, b), a.sum()], in_axes=(1, None), out_axes=(1, 0))
    found = f(m, w)
    a, b = rng.randn(5, 7), rng.randn(5, 4)
    got = theano.function([m, w], found)(a, b)
    np.testing.assert_allclose(got[0], (a.T @ b).T)
    np.testing.assert_allclose(got[1], a.sum(axis=0))
    with pytest.raises(ValueError, match="in_axes"):
        theon.vmap(lambda a: a, in_axes=(0, 1))(m)
    with pytest.raises(ValueError, match="no dimension"):
        theon.vmap(lambda a: a, in_axes=4)(m)


def test_jacobian_and_hessian_in_one_pass():
    y = T.tanh(T.dot(m, v)) * u
    f = theano.function([m, v, u], [*T.jacobian(y, [m, v, u]), T.hessian((T.exp(v) * v.sum()).sum(), v)])
    assert not any(type(node.op).__name__ in ("Scan", "Rows") for node in f.maker.fgraph.toposort())
    a, b, c = rng.randn(4, 5), rng.randn(5), rng.randn(4)
    gm, gv, gu, h = f(a, b, c)
    slope = c * (1 - np.tanh(a @ b) ** 2)
    np.testing.assert_allclose(gv, slope[:, None] * a)
    np.testing.assert_allclose(gu, np.diag(np.tanh(a @ b)), atol=1e-15)
    np.testing.assert_allclose(gm, np.einsum("i,ij,k->ijk", slope, np.eye(4), b), atol=1e-15)
    e = np.exp(b)
    np.testing.assert_allclose(h, np.diag(e * b.sum()) + e[:, None] + e[None, :])


def test_jacobian_of_a_loop_row_by_row():
    hs, _ = theano.scan(lambda x, h: T.tanh(x + h * s), v, s)
    got = theano.function([v, s], T.jacobian(hs, s))(np.ones(3), 0.5)
    assert got.shape == (3,)


def test_products_with_jacobians():
    y = [T.tanh(T.dot(m, v)), (v**2).sum()]
    t, c = T.dvector(), T.dvector()
    a, b, d, e = rng.randn(4, 5), rng.randn(5), rng.randn(5), rng.randn(4)
    found = [*theon.jvp(y, v, t), theon.vjp(y, v, [c, s]), theon.hvp(lambda x: (T.tanh(T.dot(m, x))).sum(), v, t)]
    along, along_s, back, curved = theano.function([m, v, t, c, s], found)(a, b, d, e, 2.0)
    p = np.tanh(a @ b)
    J = (1 - p**2)[:, None] * a
    np.testing.assert_allclose(along, J @ d)
    np.testing.assert_allclose(along_s, 2 * b @ d)
    np.testing.assert_allclose(back, e @ J + 4 * b)
    np.testing.assert_allclose(curved, a.T @ ((-2 * p * (1 - p**2)) * (a @ d)))
