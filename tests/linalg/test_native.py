"""LAPACK from native code: the same numbers as NumPy and SciPy for all layouts and sizes, the reference's errors, no detour."""

import numpy as np
import pytest
import scipy.linalg

import theano
import theano.tensor as T
from theano.tensor import nlinalg, slinalg
from theon.ops.factors import lu
from theon.runtime.reference import ReferenceProgram
from theon.schedule.step import PythonCall

SIZES = (0, 1, 2, 17, 65)
rng = np.random.RandomState(1)


def laid_out(x, layout):
    """The same numbers in other memory."""
    if layout == "C":
        return np.ascontiguousarray(x)
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "reversed":
        turn = (slice(None, None, -1),) * x.ndim
        return np.ascontiguousarray(x[turn])[turn]
    spread = np.full([2 * n for n in x.shape], 7, x.dtype)
    spread[(slice(None, None, 2),) * x.ndim] = x
    return spread[(slice(None, None, 2),) * x.ndim]


@pytest.fixture
def detours(monkeypatch):
    """What the reference computed while the test ran."""
    found = []
    run = ReferenceProgram.run
    monkeypatch.setattr(ReferenceProgram, "run", lambda self, *args: found.append(args) or run(self, *args))
    return found


def rebuilt(u, s, v):
    return T.dot(u[:, : s.shape[0]] * s, v[: s.shape[0]])


def eigen(a, triangle):
    w, v = nlinalg.eigh(a, triangle)
    return [w, T.dot(v * w, v.T)]


def both_halves(x):
    return np.tril(x) + np.tril(x, -1).T


# name: expression, the same by NumPy, operands of (n, dtype).
def general(n):
    return rng.randn(n, n) + (3 + n) * np.eye(n)


def positive(n):
    x = general(n)
    return x @ x.T / (n + 1)


CASES = {
    "cholesky": (slinalg.cholesky, np.linalg.cholesky, [positive]),
    "upper cholesky": (slinalg.Cholesky(lower=False), lambda s: np.linalg.cholesky(s).T, [positive]),
    "lower solve": (
        slinalg.solve_lower_triangular,
        lambda a, b: np.linalg.solve(np.tril(a), b),
        [general, lambda n: rng.randn(n, 3)],
    ),
    "upper solve": (
        slinalg.solve_upper_triangular,
        lambda a, b: np.linalg.solve(np.triu(a), b),
        [general, lambda n: rng.randn(n)],
    ),
    "transposed solve": (
        lambda a, b: slinalg.solve_upper_triangular(a.T, b),
        lambda a, b: np.linalg.solve(np.tril(a).T, b),
        [general, lambda n: rng.randn(n, 2)],
    ),
    "solve": (slinalg.solve, np.linalg.solve, [general, lambda n: rng.randn(n, 3)]),
    "solve a vector": (slinalg.solve, np.linalg.solve, [general, lambda n: rng.randn(n)]),
    "symmetric solve": (slinalg.solve_symmetric, np.linalg.solve, [positive, lambda n: rng.randn(n, 3)]),
    "inverse": (nlinalg.matrix_inverse, np.linalg.inv, [general]),
    "determinant": (nlinalg.det, np.linalg.det, [lambda n: general(n) / (n + 2)]),
    "eigh": (lambda a: eigen(a, "L"), lambda a: [np.linalg.eigvalsh(a), a], [positive]),
    "upper eigenvalues": (lambda a: nlinalg.eigh(a, "U")[0], np.linalg.eigvalsh, [positive]),
    "eig": (
        lambda a: (lambda w, v: [T.dot(v * w, nlinalg.matrix_inverse(v)), w.sum(), (v**2).sum(axis=0)])(
            *nlinalg.eig(a)
        ),
        lambda a: [a, np.trace(a), np.ones(len(a), a.dtype)],
        [lambda n: np.triu(rng.randn(n, n) / (n + 1)) + np.diag(np.arange(n))],
    ),
    "eigvalsh": (
        slinalg.eigvalsh,
        lambda a, b: scipy.linalg.eigh(a, b, eigvals_only=True) if a.size else np.zeros(0),
        [positive, positive],
    ),
    "svd": (
        lambda a: (lambda u, s, v: [rebuilt(u, s, v), s, T.dot(v, v.T)])(*nlinalg.svd(a, 0)),
        lambda a: [a, np.linalg.svd(a, compute_uv=False), np.eye(min(a.shape))],
        [lambda n: rng.randn(n, n // 2 + 1)],
    ),
    "svd of wide": (
        lambda a: (lambda u, s, v: [rebuilt(u, s, v), s, T.dot(u.T, u)])(*nlinalg.svd(a, 1)),
        lambda a: [a, np.linalg.svd(a, compute_uv=False), np.eye(len(a))],
        [lambda n: rng.randn(n, n + 2)],
    ),
    "singular values": (
        lambda a: nlinalg.svd(a, 0, 0),
        lambda a: np.linalg.svd(a, compute_uv=False),
        [lambda n: rng.randn(n, n + 1)],
    ),
    "qr": (nlinalg.qr, np.linalg.qr, [lambda n: rng.randn(n, n // 2 + 1)]),
    "qr of wide": (nlinalg.qr, np.linalg.qr, [lambda n: rng.randn(n, n + 3)]),
    "complete qr": (
        lambda a: nlinalg.qr(a, "complete"),
        lambda a: np.linalg.qr(a, "complete"),
        [lambda n: rng.randn(n, n // 2 + 1)],
    ),
    "expm": (slinalg.expm, lambda a: scipy.linalg.expm(a) if a.size else a, [lambda n: rng.randn(n, n) * 3 / (n + 1)]),
    "derivative of expm": (
        lambda a, g: T.grad((slinalg.expm(a) * g).sum(), a),
        lambda a, g: scipy.linalg.expm_frechet(a.T, g, compute_expm=False) if a.size else a,
        [lambda n: rng.randn(n, n) * 3 / (n + 1), lambda n: rng.randn(n, n)],
    ),
    "lu": (lu, lambda a: scipy.linalg.lu(a), [lambda n: rng.randn(n, n // 2 + 1)]),
    "lu of wide": (
        lambda a: lu(a, permute_l=True),
        lambda a: scipy.linalg.lu(a, True),
        [lambda n: rng.randn(n + 1, n + 3)],
    ),
    "least squares": (
        lambda a, b: (lambda x, r, _, s: [x, r, s])(*nlinalg.lstsq()(a, b, -1.0)),
        lambda a, b: [v for v in np.linalg.lstsq(a, b, -1.0) if np.ndim(v)],
        [lambda n: rng.randn(n + 4, n // 2 + 1), lambda n: rng.randn(n + 4, 3)],
    ),
    "least squares of wide": (
        lambda a, b: (lambda x, r, _, s: [x, r, s])(*nlinalg.lstsq()(a, b, -1.0)),
        lambda a, b: [v for v in np.linalg.lstsq(a, b, -1.0) if np.ndim(v)],
        [lambda n: rng.randn(n + 1, n + 4), lambda n: rng.randn(n + 1)],
    ),
    "raw qr": (
        lambda a: nlinalg.qr(a, "raw"),
        lambda a: np.linalg.qr(a, "raw"),
        [lambda n: rng.randn(n, n // 2 + 1)],
    ),
    "r": (lambda a: nlinalg.qr(a, "r"), lambda a: np.linalg.qr(a, "r"), [lambda n: rng.randn(n, n // 2 + 1)]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_value_in_all_layouts(name, dtype, detours):
    ours, reference, makers = CASES[name]
    close = {"rtol": 1e-8, "atol": 1e-8} if dtype == "float64" else {"rtol": 2e-2, "atol": 2e-3}
    inputs = [T.TensorType(dtype, [False] * np.ndim(make(1)))() for make in makers]
    f = theano.function(inputs, ours(*inputs))
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    for n in SIZES:
        arrays = [make(n).astype(dtype) for make in makers]
        want = reference(*arrays)
        for layout in ("C", "F", "reversed", "spread"):
            got = f(*(laid_out(x, layout) for x in arrays))
            both = [(got, want)] if not isinstance(want, list | tuple) else zip(got, want, strict=True)
            for g, w in both:
                assert g.dtype == dtype and g.shape == np.shape(w), (n, layout)
                np.testing.assert_allclose(g, w, err_msg=f"{n} {layout}", **close)
    # Of a matrix without elements LAPACK gives no vectors, and the reference is asked.
    assert not detours or name == "svd of wide"


@pytest.mark.parametrize(
    ("expression", "arrays", "words"),
    [
        (slinalg.cholesky, [-np.eye(3)], "positive definite"),
        (nlinalg.matrix_inverse, [np.zeros((3, 3))], "Singular"),
        (slinalg.solve, [np.ones((3, 3)), np.ones((3, 2))], "Singular"),
        (slinalg.solve_lower_triangular, [np.zeros((3, 3)), np.ones(3)], "singular"),
        (nlinalg.det, [np.ones((2, 3))], "square"),
    ],
)
def test_what_has_no_answer_is_named(expression, arrays, words):
    inputs = [T.TensorType("float64", [False] * x.ndim)() for x in arrays]
    f = theano.function(inputs, expression(*inputs))
    with pytest.raises(np.linalg.LinAlgError, match=words) as caught:
        f(*arrays)
    assert "test_native.py" in str(caught.value)


@pytest.mark.parametrize("place", [(0, 0), (2, 1), (2, 2)])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused_as_by_the_reference(place, bad):
    x, b = np.eye(3) * 2, np.arange(3.0)
    x[place] = bad
    m, v = T.dmatrix(), T.dvector()
    with pytest.raises(ValueError, match="infs or NaNs"):
        theano.function([m], slinalg.cholesky(m))(x)
    with pytest.raises(ValueError, match="infs or NaNs"):
        theano.function([m, v], slinalg.solve_lower_triangular(m, v))(x, b)


def test_failed_factors_as_nan(detours):
    m = T.dmatrix()
    f = theano.function([m], slinalg.Cholesky(on_error="nan")(m))
    assert np.isnan(f(-np.eye(3))).all() and not np.isnan(f(np.eye(3))).any()
    assert not detours


def test_a_failure_after_an_update_was_computed_changes_nothing():
    state, m = theano.shared(np.eye(2)), T.dmatrix()
    f = theano.function([m], slinalg.cholesky(m), updates=[(state, state + m)])
    with pytest.raises(np.linalg.LinAlgError):
        f(-np.eye(2))
    np.testing.assert_array_equal(state.get_value(), np.eye(2))


def test_factors_inside_a_loop():
    m = T.dtensor3()
    found, _ = theano.scan(lambda x: T.log(T.diag(slinalg.cholesky(x))).sum(), m)
    stack = np.stack([positive(5) for _ in range(4)])
    np.testing.assert_allclose(theano.function([m], found)(stack), np.linalg.slogdet(stack)[1] / 2)


def test_half_precision_is_computed_in_single():
    m, b = T.TensorType("float16", (False, False))(), T.TensorType("float16", (False,))()
    x = np.diag([2.0, 4.0, 8.0]).astype("float16")
    y = np.ones(3, "float16")
    outs = [nlinalg.det(m), nlinalg.matrix_inverse(m), slinalg.solve(m, b), slinalg.cholesky(m), nlinalg.qr(m)[1]]
    for out, want in zip(outs, [64, np.diag([0.5, 0.25, 0.125]), [0.5, 0.25, 0.125], np.sqrt(x), None], strict=True):
        got = theano.function([m, b], out, on_unused_input="ignore")(x, y)
        assert got.dtype == np.float16
        if want is not None:
            np.testing.assert_allclose(got, want, rtol=1e-3)


def test_pseudoinverse():
    """Of full rank, deficient, tall, wide, zero and empty matrices: NumPy's values, and no Python step."""
    x = T.dmatrix()
    f = theano.function([x], T.nlinalg.pinv(x))
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    rng = np.random.RandomState(0)
    tall = rng.rand(5, 3)
    for value in (tall, tall.T, tall.dot(tall.T), rng.rand(4, 4), np.zeros((2, 3)), np.zeros((0, 3)), np.zeros((3, 0))):
        np.testing.assert_allclose(f(value), np.linalg.pinv(value), rtol=1e-9, atol=1e-9)


def test_sizes_of_singular_vectors_are_known_without_them():
    x = T.dmatrix()
    for full in (True, False):
        outputs = T.nlinalg.svd(x, full_matrices=full)
        f = theano.function([x], [out.shape for out in outputs])
        assert not any("SVD" in str(node.op) for node in f.maker.fgraph.toposort())
        value = np.random.RandomState(1).rand(5, 3)
        wanted = np.linalg.svd(value, full_matrices=full)
        assert [tuple(shape) for shape in f(value)] == [out.shape for out in wanted]
