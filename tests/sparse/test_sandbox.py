"""Ops on the arrays of sparse matrices, rewrites, random matrices, convolution by sparse products."""

import numpy as np
import pytest
import scipy.signal
import scipy.sparse as ss

import theano
import theano.tensor as T
from theano import sparse
from theano.sparse import opt
from theano.sparse.sandbox import sp, sp2, truedot

RNG = np.random.RandomState(0)
A = ss.csr_matrix(ss.random(4, 5, 0.5, "csr", random_state=np.random.RandomState(3)))
D, B, V = RNG.rand(4, 5), RNG.rand(5, 3), RNG.rand(5)


def parts(format):
    a = A.asformat(format)
    return a.data, a.indices, a.indptr


def value(x):
    return theano.function([], x)()


def test_ops_on_arrays():
    a, dense = A.toarray(), np.testing.assert_allclose
    dense(value(opt.sd_csr(*parts("csr"), B)), a @ B)
    dense(value(opt.sd_csc(*parts("csc"), 4, B)), a @ B)
    z = RNG.rand(4, 3)
    dense(value(opt.usmm_csc_dense(2.0, *parts("csc"), 4, B, z)), 2 * a @ B + z)
    dense(value(opt.mul_s_d_csr(*parts("csr"), D)), A.multiply(D).tocsr().data)
    dense(value(opt.mul_s_d_csc(*parts("csc"), D)), A.multiply(D).tocsc().data)
    dense(value(opt.mul_s_v_csr(*parts("csr"), V)), A.multiply(V).tocsr().data)
    dense(value(opt.structured_add_s_v_csr(*parts("csr"), V)), A.data + V[A.indices])
    data, indices, indptr = value(opt.sampling_dot_csr(D[:, :3], B, *parts("csr"), 5))
    dense(ss.csr_matrix((data, indices, indptr), A.shape).toarray(), a * (D[:, :3] @ B.T))
    dense(value(opt.csm_grad_c(*parts("csr"), A.shape, *parts("csr"), A.shape)), A.data)
    dense(value(opt.AddSD_ccode("csr")(A, D)), a + D)
    with pytest.raises(TypeError):
        opt.AddSD_ccode("csc")(A, D)
    with pytest.raises(ValueError):
        value(opt.sd_csr(*parts("csr"), B[:2]))


def test_inplace_ops_on_arrays_leave_shared_values_alone():
    z = theano.shared(RNG.rand(4, 3))
    before = z.get_value()
    out = opt.usmm_csc_dense_inplace(2.0, *parts("csc"), 4, B, z)
    assert out.owner.op.destroy_map == {0: [6]}
    np.testing.assert_allclose(value(out), 2 * A.toarray() @ B + before)
    np.testing.assert_array_equal(z.get_value(), before)


X = sparse.csr_matrix("x", "float64")
XC = sparse.csc_matrix("x", "float64")
d, b, v = T.dmatrix("d"), T.dmatrix("b"), T.dvector("v")
RULES = {
    "local_structured_dot": [sparse.structured_dot(X, b), sparse.structured_dot(XC, b)],
    "local_mul_s_d": [sparse.mul_s_d(X, d), sparse.mul_s_d(XC, d)],
    "local_mul_s_v": [sparse.mul_s_v(X, v)],
    "local_structured_add_s_v": [sparse.structured_add_s_v(X, v)],
    "local_sampling_dot_csr": [sparse.sampling_dot(d[:, :3], b, X)],
    "local_usmm_csx": [sparse.usmm(2.0, XC, b, d[:, :3])],
    "local_usmm": [d[:, :3] - 2.0 * sparse.dot(X, b)],
    "local_addsd_ccode": [sparse.add_s_d(X, d)],
    "local_inplace_remove0": [sparse.remove0(X)],
    "local_inplace_addsd_ccode": [opt.AddSD_ccode("csr")(X, d)],
    "local_usmm_csc_dense_inplace": [opt.usmm_csc_dense(1.0, *map(T.as_tensor_variable, parts("csc")), 4, b, d[:, :3])],
}


@pytest.mark.parametrize("name", RULES)
def test_rewrites_keep_the_value(name):
    rule = getattr(opt, name)
    for before in RULES[name]:
        found = rule(before.owner)
        assert found and found[0].owner.op != before.owner.op and found[0].type == before.type
        assert isinstance(before.owner.op, tuple(rule.tracks())) and not rule.transform((d + 1).T.owner)
        leaves = [i for i in theano.gof.graph.inputs([before]) if not isinstance(i, theano.gof.Constant)]
        given = [{"x": A.asformat(getattr(i, "format", "csr")), "d": D, "b": B, "v": V}[i.name] for i in leaves]
        f = theano.function(leaves, [before, found[0]], mode="FAST_COMPILE")
        one, two = (r.toarray() if ss.issparse(r) else r for r in f(*given))
        np.testing.assert_allclose(one, two)


def ops_of(f):
    return [type(n.op).__name__ for n in f.maker.fgraph.toposort()]


def test_matrices_taken_apart_and_put_together_are_left_out():
    f = theano.function([X], sparse.sqr(sparse.sin(sparse.sqrt(X))))
    assert sorted(ops_of(f)).count("CSM") == ops_of(f).count("CSMProperties") == 1
    np.testing.assert_allclose(f(A).data, np.sin(np.sqrt(A.data)) ** 2)
    g = theano.function([d], sparse.dense_from_sparse(sparse.csr_from_dense(d * 2)))
    assert not {"DenseFromSparse", "SparseFromDense"} & set(ops_of(g))
    np.testing.assert_array_equal(g(D), 2 * D)


def test_poisson():
    np.random.seed(0)
    rates = A.copy()
    rates.data = rates.data * 0 + 50.0
    f = theano.function([X], sp2.poisson(X))
    first, second = f(rates), f(rates)
    assert first.shape == A.shape and abs(first - second).nnz > 0
    assert abs(np.mean([f(rates).sum() for _ in range(200)]) / rates.nnz - 50) < 2
    assert (first.data == np.round(first.data)).all() and set(zip(*first.nonzero())) <= set(zip(*A.nonzero()))
    with pytest.raises(TypeError, match="Poisson"):
        theano.grad(sparse.sp_sum(sp2.poisson(X)), X)


@pytest.mark.parametrize("op, format, dtype", [
    (sp2.csr_fbinomial, "csr", "float32"), (sp2.csc_fbinomial, "csc", "float32"),
    (sp2.csr_dbinomial, "csr", "float64"), (sp2.csc_dbinomial, "csc", "float64"),
])  # fmt: skip
def test_binomial(op, format, dtype):
    np.random.seed(1)
    n, p, shape = T.iscalar("n"), T.dscalar("p"), T.ivector("shape")
    f = theano.function([n, p, shape], op(n, p, shape))
    m = f(10, 0.3, np.array([100, 50], "int32"))
    assert m.format == format and m.dtype == dtype and m.shape == (100, 50)
    assert abs(m.mean() - 3) < 0.1 and m.max() <= 10
    with pytest.raises(TypeError):
        op(p, p, shape)


@pytest.mark.parametrize("n", [np.int64(7), np.array([3, 0, 9])])
def test_multinomial(n):
    np.random.seed(2)
    p = ss.csr_matrix(np.array([[0.5, 0, 0.5], [0.2, 0.3, 0.5], [0, 0, 1.0]]))
    trials = T.TensorType("int64", (False,) * n.ndim)("n")
    f = theano.function([trials, X], sp2.multinomial(trials, X))
    m = f(n, p)
    assert (np.asarray(m.sum(1)).ravel() == n).all() and m[0, 1] == 0
    if n.ndim:
        with pytest.raises(ValueError, match="number of row"):
            f(n[:2], p)


def test_true_dot_has_its_own_module():
    assert truedot.true_dot is sparse.true_dot


@pytest.mark.parametrize("mode", ["valid", "full"])
@pytest.mark.parametrize("step", [(1, 1), (2, 3)])
@pytest.mark.parametrize("features", [1, 2])
def test_convolution(mode, step, features):
    batch, nkern, (h, w), (kh, kw) = 3, 4, (7, 8), (3, 2)
    images, kerns, bias = RNG.rand(batch, features, h, w), RNG.rand(nkern, features, kh, kw), RNG.rand(nkern)
    x, k, c = T.dmatrix("x"), T.dmatrix("k"), T.dvector("c")
    imgshp = (h, w) if features == 1 else (features, h, w)
    out, size = sp.convolve(k, (kh, kw), nkern, x, imgshp, step=step, bias=c, mode=mode)
    wanted = np.array([
        [sum(scipy.signal.correlate2d(i[f], q[f], mode) for f in range(features))[:: step[1], :: step[0]] for q in kerns]
        for i in images
    ]) + bias[:, None, None]  # fmt: skip
    assert tuple(size) == wanted.shape[1:]
    f = theano.function([x, k, c], out)
    flat = images.reshape(batch, -1), kerns.reshape(nkern, -1), bias
    np.testing.assert_allclose(f(*flat), wanted.reshape(batch, -1))
    parted, _ = sp.convolve(k, (kh, kw), nkern, x, imgshp, step=step, mode=mode, flatten=False)
    assert theano.function([x, k], parted)(*flat[:2]).shape == (batch, nkern, wanted[0, 0].size)
    if step == (1, 1):
        theano.gradient.verify_grad(
            lambda i, q: sp.convolve(q, (kh, kw), nkern, i, imgshp, mode=mode)[0],
            flat[:2],
            rng=np.random.RandomState(1),
        )


def test_kernels_too_large_for_the_image():
    with pytest.raises(ValueError, match="Invalid kernel"):
        sp.convolve(T.dmatrix(), (9, 9), 1, T.dmatrix(), (4, 4))


@pytest.mark.parametrize("features", [1, 2])
def test_max_pool(features):
    images = RNG.rand(3, features, 7, 8)
    x = T.dmatrix("x")
    out, size = sp.max_pool(x, (7, 8) if features == 1 else (features, 7, 8), (2, 3))
    wanted = images[:, :, :6, :6].reshape(3, features, 3, 2, 2, 3).max(axis=(3, 5))
    assert tuple(size) == (3, 2)
    np.testing.assert_array_equal(theano.function([x], out)(images.reshape(3, -1)), wanted.reshape(3, -1))


def test_structure_for_kernels_of_their_own():
    indices, indptr, shape, format, out, kmap = sp.ConvolutionIndices.sparse_eval((3, 3), (2, 2), 2)
    assert shape == (8, 9) and tuple(out) == (2, 2) and format == "csc" and len(kmap) == len(indices) == 32
    # One weight a tap: each result is its window's elements times weights of its own.
    weights, image = RNG.rand(32), RNG.rand(9)
    m = sparse.CSM("csc", kmap)(weights, indices, indptr, shape)
    got = value(sparse.dot(m, image))
    windows = np.lib.stride_tricks.sliding_window_view(image.reshape(3, 3), (2, 2)).reshape(4, 4)
    np.testing.assert_allclose(got, (weights.reshape(8, 4) * np.tile(windows, (2, 1))).sum(1))


def test_convolution_indices_as_an_op():
    got = theano.function([], sp.convolution_indices(np.array([3, 3]), np.array([2, 2])))()
    for a, w in zip(got, sp.ConvolutionIndices.conv_eval((3, 3), (2, 2))):
        assert (np.asarray(a) == np.asarray(w)).all() and a.dtype == "int32"
