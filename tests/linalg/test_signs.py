"""Vectors of decompositions are NumPy's own, signs and all, in both precisions."""

import numpy as np
import pytest

import theano
import theano.tensor as T

DECOMPOSITIONS = {
    "svd": (lambda x: T.nlinalg.svd(x), np.linalg.svd),
    "thin svd": (lambda x: T.nlinalg.svd(x, full_matrices=0), lambda a: np.linalg.svd(a, full_matrices=False)),
    "eigh": (lambda x: T.nlinalg.eigh(x), np.linalg.eigh),
    "upper eigh": (lambda x: T.nlinalg.eigh(x, "U"), lambda a: np.linalg.eigh(a, "U")),
    "qr": (lambda x: T.nlinalg.qr(x), np.linalg.qr),
    "eig": (lambda x: T.nlinalg.eig(x), np.linalg.eig),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", DECOMPOSITIONS)
def test_vectors_have_numpys_signs(name, dtype):
    own, numpys = DECOMPOSITIONS[name]
    x = T.matrix(dtype=dtype)
    f = theano.function([x], own(x))
    rng = np.random.default_rng(0)
    for rows, columns in ((1, 1), (4, 4), (7, 3), (3, 7), (13, 12), (9, 9)):
        a = rng.normal(size=(rows, columns)).astype(dtype)
        if "eig" in name:
            a = a @ a.T + np.diag(np.arange(rows, dtype=dtype))  # no two eigenvalues alike: their order would be chance
        for given in (a, np.asfortranarray(a)):
            for got, want in zip(f(given), numpys(given)):
                assert got.dtype == dtype and np.allclose(got, want, atol=2e-4 if dtype == "float32" else 1e-10)


def test_vectors_that_are_where_the_matrix_was_reach_a_loops_rows():
    stack = T.dtensor3()
    a = np.random.default_rng(1).normal(size=(3, 4, 4))
    a = a + a.transpose(0, 2, 1)
    for own in (
        lambda x: T.nlinalg.eigh(x)[1],
        lambda x: abs(T.nlinalg.eigh(x)[1]),
        lambda x: T.nlinalg.qr(x, "raw")[0],
    ):
        rows, _ = theano.scan(own, sequences=stack)
        x = T.dmatrix()
        single = theano.function([x], own(x))
        assert np.array_equal(theano.function([stack], rows)(a), [single(m) for m in a])
