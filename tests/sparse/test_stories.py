"""Whole programs with sparse matrices."""

import pickle

import numpy as np
import pytest
import scipy.sparse as ss

import theano
import theano.tensor as T
from theano import sparse


def data(rows=60, columns=20):
    rng = np.random.RandomState(0)
    x = ss.random(rows, columns, 0.2, format="csr", random_state=rng)
    w = rng.randn(columns)
    return ss.csr_matrix(x), (x @ w > 0).astype("float64")


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_logistic_regression_on_a_sparse_matrix(mode):
    rows, labels = data()
    x, y = sparse.csr_matrix("x", dtype="float64"), T.dvector("y")
    w, b = theano.shared(np.zeros((20, 1)), "w"), theano.shared(0.0, "b")
    p = T.nnet.sigmoid(sparse.structured_dot(x, w).flatten() + b)
    cost = T.nnet.binary_crossentropy(p, y).mean() + 1e-4 * (w**2).sum()
    gw, gb = theano.grad(cost, [w, b])
    train = theano.function([x, y], cost, updates=[(w, w - 5.0 * gw), (b, b - 5.0 * gb)], mode=mode)
    # The same by hand.
    v, c, dense = np.zeros((20, 1)), 0.0, rows.toarray()
    for _ in range(3):
        q = 1 / (1 + np.exp(-(dense @ v).ravel() - c))
        wanted = -(labels * np.log(q) + (1 - labels) * np.log(1 - q)).mean() + 1e-4 * (v**2).sum()
        np.testing.assert_allclose(train(rows, labels), wanted)
        v, c = v - 5 * (dense.T @ (q - labels)[:, None] / 60 + 2e-4 * v), c - 5 * (q - labels).mean()
        np.testing.assert_allclose(w.get_value(), v)
        np.testing.assert_allclose(b.get_value(), c)
    first = train(rows, labels)
    for _ in range(200):
        last = train(rows, labels)
    assert last < first / 2


def test_sparse_weights_keep_their_structure_while_trained():
    rng = np.random.RandomState(1)
    mask = ss.csc_matrix(ss.random(6, 4, 0.4, format="csc", random_state=rng))
    w = theano.shared(mask, "w")
    x, t = T.dmatrix("x"), T.dmatrix("t")
    cost = ((sparse.structured_dot(x, w) - t) ** 2).mean()
    train = theano.function([x, t], cost, updates=[(w, w - 0.2 * theano.grad(cost, w))])
    target = mask.copy()
    target.data = target.data * 0 + 1.0
    xs = rng.randn(50, 6)
    costs = [float(train(xs, xs @ target.toarray())) for _ in range(300)]
    assert costs[-1] < 1e-4 * costs[0]
    found = w.get_value()
    assert found.format == "csc" and found.nnz == mask.nnz
    np.testing.assert_allclose(found.toarray(), target.toarray(), atol=0.05)


def test_embedding_rows_have_a_sparse_gradient():
    table = theano.shared(np.arange(12.0).reshape(6, 2), "table")
    i = T.lvector("i")
    rows = theano.sparse_grad(table[i])
    cost = (rows**2).sum()
    g = theano.grad(cost, table)
    assert isinstance(g.type, sparse.SparseType)
    f = theano.function([i], cost, updates=[(table, table - 0.1 * g)])
    wanted = table.get_value()
    given = np.array([1, 4, 1])
    np.add.at(wanted, given, -0.1 * 2 * table.get_value()[given])
    f(given)
    np.testing.assert_allclose(table.get_value(), wanted)
    v = T.dvector("v")
    with pytest.raises(TypeError, match="matrix"):
        theano.grad(theano.sparse_grad(v[i]).sum(), v)
    with pytest.raises(TypeError):
        theano.sparse_grad(table[1:2])


def test_sparse_inside_dense_outside():
    x = T.dmatrix("x")
    s = sparse.csr_from_dense(x)
    y = sparse.sp_sum(sparse.sqr(s), axis=1) + sparse.dot(s, T.ones((3, 1))).flatten()
    g = theano.grad((y**2).sum(), x)
    a = np.array([[0, 1.0, 2.0], [3.0, 0, 0]])
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        value, slope = theano.function([x], [y, g], mode=mode)(a)
        outer = (a**2).sum(1) + a.sum(1)
        np.testing.assert_allclose(value, outer)
        # sqr counts at the stored places, where its slope elsewhere is 0 too; the dot everywhere
        np.testing.assert_allclose(slope, 2 * outer[:, None] * (2 * a + 1))


def test_a_sparse_model_survives_pickling():
    rows, _ = data()
    s = theano.shared(rows, "s")
    x = sparse.csr_matrix("x", "float64")
    f = theano.function([x], sparse.sp_sum(x * s), updates=[(s, s + x)])
    g = pickle.loads(pickle.dumps(f))
    assert g(rows) == f(rows) == (rows.multiply(rows)).sum()
    assert g(rows) == f(rows) == 2 * (rows.multiply(rows)).sum()


def test_page_rank_by_scan():
    links = ss.csr_matrix(np.array([[0, 0, 1.0], [1.0, 0, 0], [0, 1.0, 0]]) * 0.85 + 0.05)
    m = sparse.csr_matrix("m", "float64")
    start = T.dvector("start")
    v = start
    for _ in range(20):
        v = sparse.dot(m, v)
    got = theano.function([m, start], v)(links, np.array([1.0, 0, 0]))
    np.testing.assert_allclose(got, np.linalg.matrix_power(links.toarray(), 20)[:, 0])


def test_scan_over_dense_with_a_sparse_matrix_that_stays():
    a = ss.csr_matrix(np.array([[0.5, 0], [0.25, 1.0]]))
    s = theano.shared(a, "s")
    v = T.dvector("v")
    steps, _ = theano.scan(lambda u, m: sparse.dot(m, u), outputs_info=[v], non_sequences=[s], n_steps=3)
    got = theano.function([v], steps[-1])(np.array([1.0, 2.0]))
    np.testing.assert_allclose(got, np.linalg.matrix_power(a.toarray(), 3) @ [1.0, 2.0])
