"""Linear algebra and Fourier transforms against NumPy and SciPy, gradients numerically."""

import numpy as np
import pytest
import scipy.linalg

import theano
import theano.tensor as T
from theano.tensor import fft, nlinalg, slinalg

rng = np.random.RandomState(3)
A = rng.randn(4, 4) + 4 * np.eye(4)
SPD = A @ A.T
TALL = rng.randn(5, 3)


def value(expression, *arrays):
    inputs = [T.TensorType("float64", [False] * np.ndim(a))() for a in arrays]
    found = expression(*inputs)
    return theano.function(inputs, list(found) if isinstance(found, list | tuple) else found)(*arrays)


@pytest.mark.parametrize(
    ("ours", "reference", "arrays"),
    [
        (nlinalg.det, np.linalg.det, [A]),
        (nlinalg.matrix_inverse, np.linalg.inv, [A]),
        (nlinalg.pinv, np.linalg.pinv, [TALL]),
        (lambda a: nlinalg.matrix_power(a, 5), lambda a: np.linalg.matrix_power(a, 5), [A]),
        (lambda a: nlinalg.matrix_power(a, -2), lambda a: np.linalg.matrix_power(a, -2), [A]),
        (lambda a: nlinalg.matrix_power(a, 0), lambda a: np.eye(4), [A]),
        (slinalg.expm, scipy.linalg.expm, [A / 4]),
        (slinalg.kron, np.kron, [A, TALL]),
        (slinalg.solve, np.linalg.solve, [A, TALL[:4]]),
        (slinalg.solve, np.linalg.solve, [A, TALL[:4, 0]]),
        (
            lambda a, b: slinalg.solve_lower_triangular(T.tril(a), b),
            lambda a, b: np.linalg.solve(np.tril(a), b),
            [A, TALL[:4]],
        ),
        (
            lambda a, b: slinalg.solve_upper_triangular(T.triu(a), b),
            lambda a, b: np.linalg.solve(np.triu(a), b),
            [A, TALL[:4, 0]],
        ),
        (
            lambda a: nlinalg.tensorinv(a.reshape((2, 2, 4)), 2),
            lambda a: np.linalg.tensorinv(a.reshape(2, 2, 4), 2),
            [A],
        ),
        (
            lambda a, b: nlinalg.tensorsolve(a.reshape((2, 2, 4)), b),
            lambda a, b: np.linalg.tensorsolve(a.reshape(2, 2, 4), b),
            [A, TALL[:2, :2]],
        ),
        (lambda a: nlinalg.svd(a, 0, 0), lambda a: np.linalg.svd(a, compute_uv=False), [TALL]),
        (lambda a: nlinalg.norm(a, "fro"), lambda a: np.linalg.norm(a, "fro"), [A]),
    ],
)
def test_value_and_gradient(ours, reference, arrays):
    np.testing.assert_allclose(value(ours, *arrays), reference(*arrays), rtol=1e-9, atol=1e-9)
    T.verify_grad(ours, arrays, rng=rng)


def symmetric(x):
    return (x + x.T) / 2


@pytest.mark.parametrize("lower", [True, False])
def test_factors_of_symmetric_matrices(lower):
    factor = value(slinalg.Cholesky(lower), SPD)
    np.testing.assert_allclose(factor, scipy.linalg.cholesky(SPD, lower=lower))
    T.verify_grad(lambda x: slinalg.Cholesky(lower)(symmetric(x)), [SPD], rng=rng)
    w, v = value(lambda x: nlinalg.eigh(x, "L" if lower else "U"), SPD)
    np.testing.assert_allclose(v @ np.diag(w) @ v.T, SPD)
    # Vectors have a sign: what does not depend on it is checked.
    T.verify_grad(lambda x: nlinalg.eigh(symmetric(x))[0] ** 2, [SPD], rng=rng)
    T.verify_grad(lambda x: nlinalg.eigh(symmetric(x))[1] ** 2, [SPD], rng=rng)
    other = SPD + np.eye(4)
    np.testing.assert_allclose(
        value(lambda a, b: slinalg.eigvalsh(a, b, lower), SPD, other), scipy.linalg.eigh(SPD, other, eigvals_only=True)
    )
    T.verify_grad(lambda a, b: slinalg.eigvalsh(symmetric(a), symmetric(b), lower), [SPD, other], rng=rng)


def test_orthogonal_factors_and_singular_vectors_have_gradients():
    q, r = value(nlinalg.qr, TALL)
    np.testing.assert_allclose(q @ r, TALL)
    T.verify_grad(lambda x: nlinalg.qr(x)[0], [TALL], rng=rng)
    T.verify_grad(lambda x: nlinalg.qr(x)[1], [TALL], rng=rng)
    T.verify_grad(lambda x: nlinalg.qr(x, "r") ** 2, [TALL], rng=rng)
    u, s, vt = value(lambda x: nlinalg.svd(x, 0), TALL)
    np.testing.assert_allclose(u @ np.diag(s) @ vt, TALL)
    for place in range(3):
        T.verify_grad(lambda x, p=place: nlinalg.svd(x, 0)[p] ** 2, [TALL], rng=rng)
        T.verify_grad(lambda x, p=place: nlinalg.svd(x, 0)[p] ** 2, [TALL.T.copy()], rng=rng)


def test_gaussian_log_likelihood_by_its_factor():
    x, K = T.dvector(), T.dmatrix()
    L = slinalg.cholesky(K)
    z = slinalg.solve_lower_triangular(L, x)
    logp = -0.5 * (z**2).sum() - T.log(T.diag(L)).sum()
    f = theano.function([x, K], [logp, *T.grad(logp, [x, K])])
    v = rng.randn(4)
    got, gx, gK = f(v, SPD)
    np.testing.assert_allclose(got, -0.5 * v @ np.linalg.solve(SPD, v) - 0.5 * np.linalg.slogdet(SPD)[1])
    np.testing.assert_allclose(gx, -np.linalg.solve(SPD, v))
    inverse = np.linalg.inv(SPD)
    full = 0.5 * (np.outer(inverse @ v, inverse @ v) - inverse)
    np.testing.assert_allclose(gK, np.tril(full) + np.triu(full, 1).T)


def test_least_squares():
    y = rng.randn(5)
    found = value(lambda a, b: nlinalg.lstsq()(a, b, 1e-12), TALL, y)
    np.testing.assert_allclose(found[0], np.linalg.lstsq(TALL, y, rcond=None)[0])
    assert found[2] == 3


def test_matrices_without_an_answer():
    with pytest.raises(np.linalg.LinAlgError):
        value(nlinalg.matrix_inverse, np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError):
        value(slinalg.cholesky, -np.eye(2))
    assert np.isnan(value(slinalg.Cholesky(on_error="nan"), -np.eye(2))).all()
    with pytest.raises(np.linalg.LinAlgError):
        value(nlinalg.det, TALL)
    with pytest.raises(TypeError):
        nlinalg.det(T.dvector())
    with pytest.raises(ValueError):
        slinalg.Solve("pentagonal")
    with pytest.raises(ValueError, match="complex"):
        value(nlinalg.eig, np.asarray([[0.0, 1], [-1, 0]]))


@pytest.mark.parametrize("norm", [None, "ortho", "no_norm"])
@pytest.mark.parametrize("shape", [(3, 8), (2, 7), (2, 3, 6), (2, 4, 5)])
def test_fourier_transforms_and_back(norm, shape):
    x = rng.randn(*shape)
    axes = tuple(range(1, x.ndim))
    n = np.prod(shape[1:])
    want = np.fft.rfftn(x, axes=axes) / (np.sqrt(n) if norm == "ortho" else 1)
    got = value(lambda v: fft.rfft(v, norm), x)
    np.testing.assert_allclose(got[..., 0] + 1j * got[..., 1], want, atol=1e-12)
    odd = bool(shape[-1] % 2)
    back = value(lambda v: fft.irfft(fft.rfft(v, norm), norm, odd), x)
    np.testing.assert_allclose(back, x * (n if norm == "no_norm" else 1), atol=1e-12)
    T.verify_grad(lambda v: fft.rfft(v, norm), [x], rng=rng)
    T.verify_grad(lambda v: fft.irfft(v, norm, odd), [got], rng=rng)


def test_gradients_of_wide_factors_of_eigenvalues_and_of_least_squares():
    wide = TALL.T.copy()
    for part in (lambda q, r: q, lambda q, r: r, lambda q, r: q.sum() * r**2):
        T.verify_grad(lambda x, part=part: part(*nlinalg.qr(x)), [wide], rng=rng)
    with pytest.raises(theano.gradient.NullTypeGradError, match="not unique"):
        m = T.dmatrix()
        T.grad(nlinalg.qr(m, "complete")[0].sum(), m)
    apart = np.diag([1.0, 3.0, 6.0, 10.0]) + rng.randn(4, 4) / 4
    T.verify_grad(lambda x: nlinalg.eig(x)[0] ** 2, [apart], rng=rng)
    T.verify_grad(lambda x: nlinalg.eig(x)[1] ** 2, [apart], rng=rng)
    T.verify_grad(lambda a, b: nlinalg.lstsq()(a, b, 1e-12)[0], [TALL, rng.randn(5, 2)], rng=rng)
    T.verify_grad(lambda a, b: nlinalg.lstsq()(a, b, 1e-12)[0], [wide, rng.randn(3)], rng=rng)


@pytest.mark.parametrize("ord", [None, "fro", "nuc", np.inf, -np.inf, 1, -1, 2, -2])
def test_norms_of_matrices_are_numpys(ord):
    x = T.dmatrix()
    value = np.random.RandomState(0).rand(3, 4)
    np.testing.assert_allclose(T.nlinalg.norm(x, ord).eval({x: value}), np.linalg.norm(value, ord), rtol=1e-12)
    theano.gradient.verify_grad(lambda v: T.nlinalg.norm(v, ord), [value], rng=np.random.RandomState(1))


def test_norms_that_numpy_refuses():
    for x, ord in ((T.dvector(), "fro"), (T.dvector(), "nuc"), (T.dmatrix(), 0), (T.dmatrix(), 3)):
        with pytest.raises(ValueError, match="norm order"):
            T.nlinalg.norm(x, ord)
