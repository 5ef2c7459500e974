"""Linear algebra of complex matrices: values as NumPy's, gradients against differences by both parts of each number."""

import numpy as np
import pytest
import scipy.linalg

import theano
import theano.tensor as T
from theano.sandbox.linalg import psd
from theano.tensor import nlinalg as N
from theano.tensor import slinalg as S

RNG = np.random.default_rng(0)
GENERAL = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
WEIGHTS = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
HERMITIAN = GENERAL @ GENERAL.conj().T + np.eye(4)

VALUES = {
    "matrix_inverse": (N.matrix_inverse, np.linalg.inv),
    "pinv": (N.pinv, np.linalg.pinv),
    "det": (N.det, np.linalg.det),
    "slogdet": (N.slogdet, np.linalg.slogdet),
    "svd": (N.svd, np.linalg.svd),
    "singular values": (lambda x: N.svd(x, compute_uv=0), lambda a: np.linalg.svd(a, compute_uv=False)),
    "eigh": (N.eigh, np.linalg.eigh),
    "eig": (N.eig, np.linalg.eig),
    "qr": (N.qr, np.linalg.qr),
    "cholesky": (S.cholesky, np.linalg.cholesky),
    "eigvalsh": (lambda x: S.eigvalsh(x, np.eye(4)), np.linalg.eigvalsh),
    "expm": (S.expm, scipy.linalg.expm),
    "lu": (lambda x: S.lu(x, permute_l=True), lambda a: scipy.linalg.lu(a, permute_l=True)),
    "matrix_power": (lambda x: N.matrix_power(x, -3), lambda a: np.linalg.matrix_power(a, -3)),
    "norm": (lambda x: N.norm(x, None), np.linalg.norm),
    "norm 2": (lambda x: N.norm(x, 2), lambda a: np.linalg.norm(a, 2)),
    "cho_solve": (lambda x: S.cho_solve((S.cholesky(x), True), WEIGHTS), lambda a: np.linalg.solve(a, WEIGHTS)),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_and_dtypes_are_numpys(name):
    own, numpys = VALUES[name]
    x = T.zmatrix()
    a = HERMITIAN if name in ("eigh", "eigvalsh", "cholesky", "cho_solve") else GENERAL
    got, want = theano.function([x], own(x))(a), numpys(a)
    if not isinstance(got, list):
        got, want = [got], [want]
    for found, expected in zip(got, want):
        assert found.dtype == np.asarray(expected).dtype and np.allclose(found, expected)


def weighed(m):
    return (T.real(m) * WEIGHTS.real + T.imag(m) * WEIGHTS.imag).sum()


def positive(x):
    return T.dot(x, x.conj().T) + np.eye(4)


def of_vectors(m):
    """A cost that does not depend on the phases of columns."""
    return (abs(m) * WEIGHTS.real).sum()


def of_triples(u, s, vt):
    pairs = abs((u[:, 0] * T.conj(vt.T)[:, 0]).sum())  # both vectors of a pair turn together
    return of_vectors(u) + (s * np.arange(4)).sum() + (abs(vt) * WEIGHTS.imag).sum() + pairs


COSTS = {
    "matrix_inverse": lambda x: weighed(N.matrix_inverse(x)),
    "pinv": lambda x: weighed(N.pinv(x[:, :2])[:, [0, 1, 0, 1]][[0, 1, 0, 1]]),
    "det": lambda x: weighed(N.det(x)),
    "size of det": lambda x: T.log(abs(N.det(x))),
    "log of det": lambda x: T.real(T.log(N.det(x))),
    "slogdet": lambda x: weighed(N.slogdet(x)[0]) + N.slogdet(x)[1],
    "solve": lambda x: weighed(S.solve(x, T.dot(x, WEIGHTS) + x * x)),
    "solve real": lambda x: weighed(S.solve(T.real(x), WEIGHTS)),
    "solve symmetric": lambda x: weighed(S.solve_symmetric(x + x.T, x)),
    "solve hermitian": lambda x: weighed(S.Solve("hermitian")(positive(x), x)),
    "solve positive": lambda x: weighed(S.Solve("positive_definite", lower=True)(positive(x), x)),
    "solve triangular": lambda x: weighed(S.solve_triangular(x, WEIGHTS, lower=True)),
    "solve conjugate": lambda x: weighed(S.solve_triangular(x, WEIGHTS, "C", lower=True)),
    "inverse times": lambda x: weighed(T.dot(N.matrix_inverse(x), WEIGHTS)),
    "cholesky": lambda x: weighed(S.cholesky(positive(x))),
    "cholesky upper": lambda x: weighed(S.Cholesky(lower=False)(positive(x))),
    "log of factor": lambda x: T.real(T.log(T.diag(S.cholesky(positive(x))))).sum(),
    "quadratic form": lambda x: (abs(S.solve_lower_triangular(S.cholesky(positive(x)), WEIGHTS)) ** 2).sum(),
    "cho_solve": lambda x: weighed(S.cho_solve((S.cholesky(positive(x)), True), WEIGHTS)),
    "said positive": lambda x: weighed(N.matrix_inverse(psd(positive(x)))) + T.log(T.real(N.det(psd(positive(x))))),
    "eigh": lambda x: (N.eigh(positive(x))[0] * np.arange(4)).sum() + of_vectors(N.eigh(positive(x))[1]),
    "eigvalsh": lambda x: (S.eigvalsh(positive(x), np.eye(4) + 0 * x) * np.arange(4)).sum(),
    "eig": lambda x: (abs(N.eig(x)[0]) ** 2).sum() + of_vectors(N.eig(x)[1]),
    "singular values": lambda x: (N.svd(x, compute_uv=0) * np.arange(4)).sum(),
    "svd": lambda x: of_triples(*N.svd(x, 0)),
    "polar factor": lambda x: weighed(T.dot(N.svd(x, 0)[0], N.svd(x, 0)[2])),
    "qr": lambda x: weighed(N.qr(x)[0]) + weighed(N.qr(x)[1]),
    "lu": lambda x: weighed(S.lu(x)[1]) + weighed(S.lu(x)[2]),
    "lu permuted": lambda x: sum(map(weighed, S.lu(x, permute_l=True))),
    "expm": lambda x: weighed(S.expm(x)),
    "kron": lambda x: weighed(S.kron(x, x[:1, :1])),
    "trace of product": lambda x: T.real(N.trace(T.dot(x, T.dot(WEIGHTS, x)))),
    "lstsq": lambda x: weighed(N.lstsq()(x, WEIGHTS, -1)[0]),
    "norms": lambda x: N.norm(x, None) + N.norm(x, "nuc") + N.norm(x, 1),
    "size at zero": lambda x: abs(T.triu(x)).sum(),
}


@pytest.mark.parametrize("name", COSTS)
def test_gradients_by_both_parts(name):
    theano.gradient.verify_grad(
        lambda parts: COSTS[name](T.complex(parts[0], parts[1])),
        [np.stack([GENERAL.real, GENERAL.imag])],
        rng=np.random.RandomState(0),
    )
