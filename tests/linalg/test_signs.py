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
            a = a @ a.T
        for given in (a, np.asfortranarray(a)):
            for got, want in zip(f(given), numpys(given)):
                assert got.dtype == dtype and np.allclose(got, want, atol=2e-4 if dtype == "float32" else 1e-10)
