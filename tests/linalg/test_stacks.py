"""Linear algebra on stacks of matrices, as NumPy has it: values and gradients."""

import numpy as np
import pytest
import scipy.linalg

import theano
import theano.tensor as T
from theano.tensor import nlinalg, slinalg
from theon.ops.linalg import slogdet
from theon.ops.solve import cho_solve, solve_triangular
from theon.schedule.step import PythonCall

rng = np.random.RandomState(8)
general = rng.randn(3, 4, 4) + 4 * np.eye(4)
positive = general @ general.swapaxes(-1, -2)
tall = rng.randn(2, 3, 5, 3)


def run(ours, *arrays):
    inputs = [T.TensorType("float64", [False] * np.ndim(x))() for x in arrays]
    f = theano.function(inputs, ours(*inputs))
    return f(*arrays), f


CASES = {
    "cholesky": (slinalg.cholesky, np.linalg.cholesky, [positive]),
    "det": (nlinalg.det, np.linalg.det, [general]),
    "slogdet": (slogdet, np.linalg.slogdet, [general]),
    "inverse": (nlinalg.matrix_inverse, np.linalg.inv, [general]),
    "inverse of more": (nlinalg.matrix_inverse, np.linalg.inv, [general.reshape(3, 1, 4, 4)]),
    "pinv": (nlinalg.pinv, np.linalg.pinv, [tall]),
    "eigenvalues": (lambda x: nlinalg.eigh(x)[0], np.linalg.eigvalsh, [positive]),
    "singular values": (lambda x: nlinalg.svd(x, 0, 0), lambda x: np.linalg.svd(x, compute_uv=False), [tall]),
    "qr": (nlinalg.qr, np.linalg.qr, [tall]),
    "power": (lambda x: nlinalg.matrix_power(x, -3), lambda x: np.linalg.matrix_power(x, -3), [general]),
    "expm": (slinalg.expm, scipy.linalg.expm, [general / 4]),
    "solve": (slinalg.solve, np.linalg.solve, [general, rng.randn(3, 4, 2)]),
    "solve with one matrix": (slinalg.solve, np.linalg.solve, [general[0], rng.randn(5, 4, 2)]),
    "solve for one": (slinalg.solve, np.linalg.solve, [general, rng.randn(4, 2)]),
    "solve for a vector": (
        slinalg.solve,
        lambda a, b: np.linalg.solve(a, b[:, None])[..., 0],
        [general, rng.randn(4)],
    ),
    "solve of broadcast stacks": (slinalg.solve, np.linalg.solve, [general, rng.randn(2, 3, 4, 2)]),
    "factors": (
        lambda a, b: cho_solve((slinalg.cholesky(a), True), b),
        np.linalg.solve,
        [positive, rng.randn(3, 4, 2)],
    ),
    "triangles": (
        lambda a, b: solve_triangular(a, b, trans=1, lower=True),
        lambda a, b: np.linalg.solve(np.tril(a).swapaxes(-1, -2), b),
        [general, rng.randn(3, 4, 2)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_as_numpy(name):
    ours, reference, arrays = CASES[name]
    got, _ = run(ours, *arrays)
    want = reference(*arrays)
    for g, w in zip(got, want, strict=True) if isinstance(got, list) else [(got, want)]:
        assert g.shape == np.shape(w)
        np.testing.assert_allclose(g, w, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["cholesky", "det", "inverse", "solve", "solve with one matrix", "solve for a vector", "factors"]
)
def test_gradients(name):
    ours, _, arrays = CASES[name]
    symmetric = name in ("cholesky", "factors")

    def build(a, *rest):
        return ours((a + a.dimshuffle(0, 2, 1)) / 2 if symmetric else a, *rest)

    T.verify_grad(build, arrays, rng=rng)


def test_the_loop_is_native():
    _, f = run(slinalg.cholesky, positive)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)


def test_a_singular_matrix_of_the_stack_is_told():
    bad = general.copy()
    bad[1] = 0
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        run(nlinalg.matrix_inverse, bad)
