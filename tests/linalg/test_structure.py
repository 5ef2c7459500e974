"""Rules that know the structure of matrices: what is left of a graph, and that it computes the same numbers."""

import numpy as np
import pytest
import scipy.linalg

import theano
import theano.tensor as T
from theano.sandbox.linalg import ops
from theano.tensor import nlinalg, slinalg
from theon.ops.decompose import CholeskyGrad, CholeskyInverse
from theon.ops.dot import Dot
from theon.ops.factors import LUFactors, LUInverse, LUSolve, lu, lu_factor, lu_solve
from theon.ops.linalg import Det, MatrixInverse, SLogDet
from theon.ops.solve import Solve

rng = np.random.RandomState(5)
A, b = T.dmatrix("A"), T.dvector("b")
general = rng.randn(6, 6) + 4 * np.eye(6)
positive = general @ general.T
vector = rng.randn(6)


def ops_of(f):
    return [type(node.op) for node in f.maker.fgraph.toposort()]


def both(expressions, inputs, values):
    """The function, after comparing it with the one that is not rewritten."""
    f = theano.function(inputs, expressions, on_unused_input="ignore")
    plain = theano.function(
        inputs, expressions, mode=theano.Mode("py", "fast_run").excluding("linear_algebra"), on_unused_input="ignore"
    )
    for got, want in zip(f(*values), plain(*values), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10)
    return f


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("columns", [0, 2])
def test_gradient_of_a_gaussian_needs_no_products_of_matrices(lower, columns):
    y = T.dmatrix("y") if columns else b
    L = slinalg.Cholesky(lower)(A)
    z = slinalg.solve_lower_triangular(L if lower else L.T, y)
    logp = -0.5 * (z**2).sum() - 3 * T.log(T.diag(L)).sum()
    value = rng.randn(6, columns) if columns else vector
    f = both([logp, *T.grad(logp, [A, y])], [A, y], [positive, value])
    found = ops_of(f)
    assert CholeskyGrad not in found and CholeskyInverse in found
    assert found.count(Solve) == 2
    assert found.count(Dot) == (1 if columns else 0)


def test_gradient_through_the_solution_of_both_factors():
    L = slinalg.cholesky(A)
    alpha = slinalg.solve_upper_triangular(L.T, slinalg.solve_lower_triangular(L, b))
    logp = -0.5 * T.dot(b, alpha) - T.log(T.diag(L)).sum()
    found = ops_of(both([logp, *T.grad(logp, [A, b])], [A, b], [positive, vector]))
    assert CholeskyGrad not in found and Dot not in found[found.index(Solve) + 3 :]
    assert found.count(Solve) == 2


def test_gradient_with_other_terms():
    L = slinalg.cholesky(A)
    cost = T.log(T.diag(L)).sum() + (L**3).sum() + T.dot(L, b).sum() + T.diag(L).prod()
    both([cost, T.grad(cost, A)], [A, b], [positive / 20, vector])
    second = T.grad((T.grad(cost, A) ** 2).sum(), A)
    T.verify_grad(lambda x: T.grad(T.log(T.diag(slinalg.cholesky((x + x.T) / 2))).sum(), x), [positive], rng=rng)
    both([second], [A, b], [positive / 20, vector])


def test_quadratic_form_and_log_determinant_of_a_matrix():
    logp = -0.5 * T.dot(b, T.dot(nlinalg.matrix_inverse(A), b)) - 0.5 * T.log(nlinalg.det(A))
    f = both([logp, *T.grad(logp, [A, b])], [A, b], [positive, vector])
    found = ops_of(f)
    # One factorisation; of the products only b^T A^-1 b is left.
    assert found.count(LUFactors) == 1 and found.count(LUInverse) == 1 and found.count(LUSolve) == 2
    assert found.count(Dot) == 1 and not {Det, SLogDet, MatrixInverse, Solve} & set(found)


def test_factors_are_shared_with_the_transpose_and_made_once_only_if_that_helps():
    f = both([slinalg.solve(A, b), slinalg.solve(A.T, b), nlinalg.det(A), nlinalg.det(A.T)], [A, b], [general, vector])
    assert ops_of(f).count(LUFactors) == 1 and ops_of(f).count(LUSolve) == 2
    assert LUFactors not in ops_of(both([slinalg.solve(A, b)], [A, b], [general, vector]))
    singular = theano.function([A, b], [slinalg.solve(A, b), nlinalg.det(A)])
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        singular(np.ones((3, 3)), np.ones(3))
    dets = theano.function([A], [nlinalg.det(A), T.log(nlinalg.det(A))])(np.ones((3, 3)))
    np.testing.assert_array_equal(dets, [0, -np.inf])


def test_lu_factors_as_scipy_makes_them():
    packed, pivots = lu_factor(A)
    f = theano.function(
        [A, b], [packed, pivots, lu_solve((packed, pivots), b), lu_solve((packed, pivots), b, 1), *lu(A)]
    )
    got = f(general, vector)
    want = scipy.linalg.lu_factor(general)
    np.testing.assert_allclose(got[0], want[0])
    np.testing.assert_array_equal(got[1], want[1])
    np.testing.assert_allclose(got[2], np.linalg.solve(general, vector))
    np.testing.assert_allclose(got[3], np.linalg.solve(general.T, vector))
    for g, w in zip(got[4:], scipy.linalg.lu(general), strict=True):
        np.testing.assert_allclose(g, w)
    mixed = rng.randn(4, 4)
    for build in (
        lambda x: lu_factor(x)[0],
        lambda x: lu_solve(lu_factor(x), x[0]),
        lambda x: lu_solve(lu_factor(x), x, 1),
        lambda x: lu(x)[1] + lu(x)[2] ** 2,
        lambda x: lu(x, permute_l=True)[0] ** 2,
    ):
        T.verify_grad(build, [mixed], rng=rng)


def test_log_determinant_neither_overflows_nor_vanishes():
    f = theano.function([A], [T.log(nlinalg.det(A)), T.grad(T.log(nlinalg.det(A)), A), T.log(abs(nlinalg.det(-A)))])
    for scale in (1e200, 1e-200):
        value, slope, size = f(np.eye(5) * scale)
        np.testing.assert_allclose([value, size], 5 * np.log(scale))
        np.testing.assert_allclose(slope, np.eye(5) / scale)
    assert np.isnan(f(np.diag([1.0, -1.0]))[0])
    assert theano.function([A], T.log(nlinalg.det(A)))(np.zeros((2, 2))) == -np.inf


def test_inverse_times_vector_is_solved():
    inverse = nlinalg.matrix_inverse(A)
    f = both(
        [T.dot(inverse, b), T.dot(b, inverse), T.dot(inverse.T, b), T.dot(A[:2], inverse)], [A, b], [general, vector]
    )
    assert MatrixInverse not in ops_of(f)


def test_trace_of_product():
    f = both([nlinalg.trace(T.dot(A, A.T)), T.diag(T.dot(A, A))], [A], [general])
    assert Dot not in ops_of(f)


def test_triangular_and_factored_matrices():
    L = slinalg.cholesky(A)
    f = both(
        [slinalg.solve(L, b), slinalg.solve(T.triu(A), b), slinalg.solve(T.dot(L, L.T), b), nlinalg.matrix_inverse(L)],
        [A, b],
        [positive, vector],
    )
    assert all(
        op.A_structure.endswith("triangular")
        for op in (n.op for n in f.maker.fgraph.toposort())
        if isinstance(op, Solve)
    )
    f = both(
        [slinalg.cholesky(T.dot(L, L.T)), nlinalg.det(T.tril(A)), nlinalg.matrix_inverse(nlinalg.matrix_inverse(A))],
        [A],
        [positive],
    )
    assert Det not in ops_of(f) and MatrixInverse not in ops_of(f)
    f = both([T.log(nlinalg.det(T.dot(L, L.T)))], [A], [positive])
    assert Det not in ops_of(f) and SLogDet not in ops_of(f)


def test_what_the_user_says_of_a_matrix():
    K = ops.psd(A)
    assert (
        ops.is_psd(K)
        and ops.is_symmetric(K.T)
        and not ops.is_psd(A)
        and ops.hints(K) == {"psd": True, "symmetric": True}
    )
    logp = -0.5 * T.dot(b, T.dot(nlinalg.matrix_inverse(K), b)) - 0.5 * T.log(nlinalg.det(K))
    f = theano.function([A, b], [logp, slinalg.solve(K, b), K.T])
    found = [type(node.op).__name__ for node in f.maker.fgraph.toposort()]
    assert found.count("Cholesky") == 1 and not {"Hint", "Det", "MatrixInverse", "LUFactors", "SLogDet"} & set(found)
    value, solution, same = f(positive, vector)
    want = np.linalg.solve(positive, vector)
    np.testing.assert_allclose(value, -0.5 * vector @ want - 0.5 * np.linalg.slogdet(positive)[1])
    np.testing.assert_allclose(solution, want)
    np.testing.assert_allclose(same, positive)
    np.testing.assert_allclose(theano.function([A], T.grad(K.sum(), A), mode="FAST_COMPILE")(positive), 1)


def test_bound_of_the_spectral_radius():
    bound = theano.function([A], ops.spectral_radius_bound(A, 5))(positive)
    largest = np.linalg.eigvalsh(positive)[-1]
    assert largest <= bound < 1.1 * largest
    with pytest.raises(TypeError):
        ops.spectral_radius_bound(A, 2.5)
    with pytest.raises(ValueError):
        ops.spectral_radius_bound(A, 0)


def test_log_of_even_powers_does_not_overflow():
    x = T.dvector()
    f = theano.function([x], [T.log(x**2), T.log(x**4), T.log(x**3)])
    got = f([-1e200, 1e-200, 2])
    np.testing.assert_allclose(got[0], 2 * np.log([1e200, 1e-200, 2]))
    np.testing.assert_allclose(got[1], 4 * np.log([1e200, 1e-200, 2]))
    assert np.isnan(got[2][0])


def test_hints_are_gathered_in_the_graph():
    fgraph = theano.gof.FunctionGraph([A], [ops.psd(A)])
    ops.HintsOptimizer().add_requirements(fgraph)
    assert fgraph.hints[fgraph.inputs[0]]["psd"] and fgraph.hints[fgraph.outputs[0]]["symmetric"]
