"""Sparse ops against SciPy and NumPy: values, formats, dtypes; gradients against differences."""

import numpy as np
import pytest
import scipy.sparse as ss

import theano
import theano.tensor as T
from theano import sparse

FORMATS = ("csc", "csr")


def matrix_of(shape, format="csr", dtype="float64", seed=0, density=0.5):
    found = ss.random(*shape, density, format=format, random_state=np.random.RandomState(seed))
    if np.dtype(dtype).kind in "iu":
        found.data = np.ceil(found.data * 9)
    found = getattr(ss, format + "_matrix")(found.astype(dtype))
    assert 0 < found.nnz < found.shape[0] * found.shape[1]
    return found


def dense_of(shape, dtype="float64", seed=1):
    return np.random.RandomState(seed).uniform(0.2, 2.0, shape).astype(dtype)


def dense(value):
    return value.toarray() if ss.issparse(value) else np.asarray(value)


def variable_of(value, name=None):
    if ss.issparse(value):
        return sparse.SparseType(value.format, value.dtype)(name)
    return T.TensorType(value.dtype, (False,) * value.ndim)(name)


def run(op, values, mode=None):
    """The value of ``op`` and the variable it made."""
    variables = [variable_of(v) for v in values]
    out = op(*variables)
    got = theano.function(variables, out, mode=mode)(*values)
    if isinstance(out, sparse.SparseVariable):
        assert got.format == out.format
    assert str(got.dtype) == out.dtype
    return got, out


A, B = matrix_of((4, 5), seed=3), matrix_of((4, 5), seed=4)
D, V, R = dense_of((4, 5)), dense_of(5), dense_of(4)
SQUARE = matrix_of((4, 4), seed=5)

# op, what NumPy says, operands, whether the result is sparse
VALUES = {
    "transpose": (lambda x: x.T, lambda x: x.T, [A], True),
    "neg": (lambda x: -x, lambda x: -x, [A], True),
    "toarray": (lambda x: x.toarray(), lambda x: x, [A], False),
    "add_ss": (lambda x, y: x + y, np.add, [A, B], True),
    "sub_ss": (lambda x, y: x - y, np.subtract, [A, B], True),
    "mul_ss": (lambda x, y: x * y, np.multiply, [A, B], True),
    "add_sd": (lambda x, y: x + y, np.add, [A, D], False),
    "add_ds": (lambda x, y: y + x, np.add, [A, D], False),
    "sub_sd": (lambda x, y: x - y, np.subtract, [A, D], False),
    "sub_ds": (lambda x, y: y - x, lambda x, y: y - x, [A, D], False),
    "mul_sd": (lambda x, y: x * y, np.multiply, [A, D], True),
    "mul_ds": (lambda x, y: y * x, np.multiply, [A, D], True),
    "mul_number": (lambda x: x * 3.0, lambda x: x * 3, [A], True),
    "mul_sv": (sparse.mul_s_v, np.multiply, [A, V], True),
    "structured_add_sv": (sparse.structured_add_s_v, lambda x, v: (x + v) * (x != 0), [A, V], True),
    "add_s_s_data": (sparse.add_s_s_data, np.add, [A, A * 2], True),
    "col_scale": (sparse.col_scale, lambda x, s: x * s, [A, V], True),
    "row_scale": (sparse.row_scale, lambda x, s: x * s[:, None], [A, R], True),
    "sum": (lambda x: sparse.sp_sum(x), lambda x: x.sum(), [A], False),
    "sum0": (lambda x: x.sum(axis=0), lambda x: x.sum(0), [A], False),
    "sum1": (lambda x: sparse.sp_sum(x, axis=1, sparse_grad=True), lambda x: x.sum(1), [A], False),
    "diag": (sparse.diag, np.diag, [SQUARE], False),
    "square_diagonal": (sparse.square_diagonal, np.diag, [V], True),
    "clean": (sparse.clean, lambda x: x, [A], True),
    "sorted": (sparse.ensure_sorted_indices, lambda x: x, [A], True),
    "remove0": (sparse.remove0, lambda x: x, [A], True),
    "shape": (lambda x: x.shape, lambda x: x.shape, [A], False),
    "ones_like": (sparse.sp_ones_like, lambda x: (x != 0) * 1.0, [A], True),
    "zeros_like": (lambda x: x.zeros_like(), np.zeros_like, [A], True),
    "csr_from_dense": (sparse.csr_from_dense, lambda x: x, [D], True),
    "csc_from_vector": (sparse.csc_from_dense, lambda x: x[None], [V], True),
    "dot_sd": (sparse.dot, np.dot, [A, D.T], False),
    "dot_ds": (sparse.dot, np.dot, [D.T, A], False),
    "dot_ss": (lambda x, y: sparse.dot(x, y.T), lambda x, y: x @ y.T, [A, B], False),
    "dot_sv": (sparse.dot, np.dot, [A, V], False),
    "dot_vs": (sparse.dot, np.dot, [R, A], False),
    "structured_dot_sd": (sparse.structured_dot, np.dot, [A, D.T], False),
    "structured_dot_ds": (sparse.structured_dot, np.dot, [D.T, A], False),
    "structured_dot_ss": (lambda x, y: sparse.structured_dot(x, y.T), lambda x, y: x @ y.T, [A, B], True),
    "theano_dot": (theano.dot, np.dot, [A, D.T], False),
    "theano_dot_ds": (theano.dot, np.dot, [D.T, A], False),
    "true_dot_sd": (sparse.true_dot, np.dot, [A, D.T], True),
    "true_dot_ds": (sparse.true_dot, np.dot, [D.T, A], True),
    "true_dot_ss": (lambda x, y: sparse.true_dot(x, y.T), lambda x, y: x @ y.T, [A, B], True),
    "usmm": (
        lambda x, y, z: sparse.usmm(2.0, x, y, z), lambda x, y, z: 2 * x @ y + z, [A, D.T, dense_of((4, 4))], False,
    ),
    "usmm_ds": (
        lambda x, y, z: sparse.usmm(2.0, x, y, z), lambda x, y, z: 2 * x @ y + z, [D.T, A, dense_of((5, 5))], False,
    ),
    "sampling_dot": (sparse.sampling_dot, lambda x, y, p: p * (x @ y.T), [dense_of((4, 3)), dense_of((5, 3)), A], True),
    "hstack": (lambda x, y: sparse.hstack([x, y]), lambda x, y: np.hstack([x, y]), [A, B], True),
    "vstack": (lambda x, y: sparse.vstack([x, y], format="csr"), lambda x, y: np.vstack([x, y]), [A, B], True),
    "item": (lambda x: x[1, 2], lambda x: x[1, 2], [A], False),
    "negative_item": (lambda x: x[-1, -2], lambda x: x[-1, -2], [A], False),
    "rows": (lambda x: x[[2, 0, 2]], lambda x: x[[2, 0, 2]], [A], True),
    "places": (lambda x: x[[2, 0, 2], [1, 1, 1]], lambda x: x[[2, 0, 2], [1, 1, 1]], [A], False),
    "part": (lambda x: x[1:3, 2:], lambda x: x[1:3, 2:], [A], True),
    "all_of_it": (lambda x: x[:, :], lambda x: x, [A], True),
    "steps": (lambda x: x[::2], lambda x: x[::2], [A], True),
    "backwards": (lambda x: x[::-1, 1:4:2], lambda x: x[::-1, 1:4:2], [A], True),
    "construct": (
        lambda v: sparse.construct_sparse_from_list(T.zeros((6, 5)), v, np.array([4, 0, 4, 1])),
        lambda v: np.stack([v[1], v[3], 0 * v[0], 0 * v[0], v[0] + v[2], 0 * v[0]]), [D], True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
@pytest.mark.parametrize("name", VALUES)
def test_value(name, mode):
    op, reference, values, is_sparse = VALUES[name]
    for format in FORMATS:
        given = [v.asformat(format) if ss.issparse(v) else v for v in values]
        before = [v.copy() for v in given]
        got, _ = run(op, given, mode)
        assert ss.issparse(got) == is_sparse
        np.testing.assert_allclose(dense(got), reference(*map(dense, values)))
        assert all((dense(a) == dense(b)).all() for a, b in zip(given, before)), "an argument was changed"


# Those whose gradient is taken everywhere, and those that take it at the stored places.
EVERYWHERE = [
    "transpose", "neg", "add_ss", "sub_ss", "mul_ss", "mul_sd", "mul_number", "mul_sv", "col_scale", "row_scale", "sum",
    "sum0", "diag", "square_diagonal", "csr_from_dense", "csc_from_vector", "dot_sd", "dot_ds", "dot_ss", "dot_sv",
    "dot_vs", "true_dot_sd", "true_dot_ds", "true_dot_ss", "hstack", "vstack", "item", "negative_item", "rows", "places",
    "part", "all_of_it", "steps", "backwards", "clean", "construct",
]  # fmt: skip
STRUCTURED = [
    "add_sd", "add_ds", "sub_sd", "sub_ds", "toarray", "sum1", "structured_dot_sd", "structured_dot_ds", "usmm", "usmm_ds",
    "sampling_dot", "structured_add_sv", "add_s_s_data", "mul_sv", "col_scale", "theano_dot", "item", "rows", "part",
]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", EVERYWHERE)
def test_gradient_everywhere(name, format):
    op, _, values, _ = VALUES[name]
    values = [v.asformat(format) if ss.issparse(v) else v for v in values]
    sparse.verify_grad_sparse(op, values, structured=False)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", STRUCTURED)
def test_gradient_at_stored_places(name, format):
    op, _, values, _ = VALUES[name]
    values = [v.asformat(format) if ss.issparse(v) else v for v in values]
    sparse.verify_grad_sparse(op, values, structured=True)


FUNCTIONS = {
    "sin": np.sin, "arcsin": np.arcsin, "tan": np.tan, "arctan": np.arctan, "sinh": np.sinh, "arcsinh": np.arcsinh,
    "tanh": np.tanh, "arctanh": np.arctanh, "log1p": np.log1p, "expm1": np.expm1, "deg2rad": np.deg2rad,
    "rad2deg": np.rad2deg, "sqr": np.square, "sqrt": np.sqrt, "structured_exp": np.exp, "structured_log": np.log,
    "structured_sigmoid": lambda x: 1 / (1 + np.exp(-x)), "conj": np.conj,
}  # fmt: skip
STEPS = {"rint": np.rint, "sgn": np.sign, "ceil": np.ceil, "floor": np.floor, "trunc": np.trunc}
WITH_NUMBER = {
    "structured_pow": np.power, "structured_minimum": np.minimum, "structured_maximum": np.maximum, "structured_add": np.add,
}  # fmt: skip


@pytest.mark.parametrize("name", [*FUNCTIONS, *STEPS])
@pytest.mark.parametrize("format", FORMATS)
def test_function_of_stored_values(name, format):
    x = A.asformat(format)
    got, _ = run(getattr(sparse, name), [x])
    wanted = x.copy()
    wanted.data = (FUNCTIONS | STEPS)[name](x.data)
    np.testing.assert_allclose(got.toarray(), wanted.toarray())
    if name in FUNCTIONS:
        sparse.verify_grad_sparse(getattr(sparse, name), [x], structured=True)


@pytest.mark.parametrize("name", WITH_NUMBER)
def test_function_of_stored_values_and_a_number(name):
    got, _ = run(lambda x: getattr(sparse, name)(x, 0.4), [A])
    np.testing.assert_allclose(got.data, WITH_NUMBER[name](A.data, 0.4))
    sparse.verify_grad_sparse(lambda x: getattr(sparse, name)(x, 0.4), [A], structured=True)


COMPARISONS = {
    "eq": np.equal, "neq": np.not_equal, "lt": np.less, "gt": np.greater, "le": np.less_equal, "ge": np.greater_equal,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name):
    op, reference = getattr(sparse, name), COMPARISONS[name]
    other = A.copy()
    other.data = np.where(np.arange(A.nnz) % 2, A.data, 0.5)
    for x, y in [(A, other), (A, D), (D, A), (A, other.toarray()), (other.toarray(), A)]:
        got, out = run(op, [x, y])
        assert out.dtype == "uint8" and ss.issparse(got) == (ss.issparse(x) and ss.issparse(y))
        assert (dense(got) == reference(dense(x), dense(y))).all()


def test_operators_compare_as_the_functions_do():
    x, y = sparse.csr_matrix("x", "float64"), T.dmatrix("y")
    f = theano.function([x, y], [x < y, x > y, x <= y, x >= y, y < x, y >= x])
    a, d = A.toarray(), A.toarray() + np.arange(5) - 2
    for got, wanted in zip(f(A, d), (a < d, a > d, a <= d, a >= d, d < a, d >= a)):
        assert (dense(got) == wanted).all()


DTYPES = ["int8", "int32", "uint8", "int64", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("left", DTYPES)
@pytest.mark.parametrize("right", DTYPES)
def test_dtype_of_sums_and_products_is_the_upcast(left, right):
    x, y = matrix_of((3, 3), dtype=left), matrix_of((3, 3), dtype=right, seed=2)
    wanted = theano.scalar.upcast(left, right)
    for op in (
        sparse.add,
        sparse.mul,
        sparse.dot,
        sparse.structured_dot,
        sparse.true_dot,
        lambda a, b: sparse.vstack([a, b]),
    ):
        assert run(op, [x, y])[1].dtype == wanted
    for op in (sparse.add, sparse.mul, sparse.dot, sparse.structured_dot):
        assert run(op, [x, y.toarray()])[1].dtype == wanted


@pytest.mark.parametrize("dtype", DTYPES)
def test_cast(dtype):
    got, out = run(lambda x: x.astype(dtype), [matrix_of((3, 4), dtype="int32")])
    assert out.dtype == dtype == str(got.dtype)
    assert sparse.cast(sparse.csr_matrix("x"), dtype).type == sparse.SparseType("csr", dtype)


def test_gradient_of_a_cast_is_cast_back():
    x = sparse.csr_fmatrix("x")
    g = theano.grad(sparse.sp_sum(sparse.sqr(x.astype("float64"))), x)
    assert g.type == x.type
    a = A.astype("float32")
    np.testing.assert_allclose(theano.function([x], g)(a).toarray(), 2 * a.toarray(), rtol=1e-6)


@pytest.mark.parametrize("format", FORMATS)
def test_parts_and_back(format):
    a = A.asformat(format)
    x = variable_of(a)
    f = theano.function([x], [*sparse.csm_properties(x), sparse.CSM(format)(*sparse.csm_properties(x))])
    data, indices, indptr, shape, back = f(a)
    assert (data == a.data).all() and (indices == a.indices).all() and (indptr == a.indptr).all()
    assert list(shape) == [4, 5] and all(v.dtype == "int32" for v in (indices, indptr, shape))
    assert abs(back - a).nnz == 0 and not np.shares_memory(data, a.data)
    sparse.verify_grad_sparse(lambda m: sparse.csm_data(m) ** 2, [a], structured=True)


def test_gradient_of_the_data_where_the_gradient_stores_other_places():
    data = T.dvector("data")
    m = sparse.CSR(data, A.indices, A.indptr, A.shape)
    for out in (sparse.sp_sum(m + B), sparse.sp_sum(m * B), T.sum(sparse.dot(m, D.T) ** 2)):
        theano.gradient.verify_grad(
            lambda v, out=out: theano.clone(out, {data: v}), [A.data.copy()], rng=np.random.RandomState(1)
        )


def test_repeated_places_count_together_in_gradients():
    # The same element stored twice: each stored value has the whole element's gradient.
    data = T.dvector("data")
    m = sparse.CSR(data, [1, 1, 0], [0, 2, 3], (2, 2))
    g = theano.grad((sparse.dot(m, np.eye(2)) ** 2).sum(), data)
    np.testing.assert_allclose(theano.function([data], g)([1.0, 2.0, 5.0]), [6, 6, 10])


def test_rows_taken_twice_are_summed_in_the_gradient():
    x = sparse.csr_matrix("x", "float64")
    g = theano.grad(sparse.sp_sum(x[[1, 1]]), x)
    got = theano.function([x], g)(A).toarray()
    assert (got == np.outer([0, 2, 0, 0], np.ones(5))).all()


def test_empty_matrices():
    none = ss.csr_matrix((0, 5))
    empty = ss.csr_matrix((4, 5))
    x = sparse.csr_matrix("x", "float64")
    f = theano.function([x], [sparse.sp_sum(x), x.T, sparse.dot(x, np.ones((5, 2))), sparse.sin(x), x + x])
    for value in (none, empty):
        total, t, product, s, twice = f(value)
        assert total == 0 and t.shape == value.shape[::-1] and product.shape == (value.shape[0], 2)
        assert s.nnz == twice.nnz == 0


def test_inputs_of_an_op_by_their_names():
    x = theano.sparse.csr_matrix("x", dtype="float64")
    value = ss.csr_matrix(np.arange(12.0).reshape(3, 4))
    rows = theano.sparse.basic.GetItemList()(x, index=np.array([0, 2]))
    elements = theano.sparse.basic.GetItem2Lists()(x, ind1=np.array([0, 1]), ind2=np.array([2, 3]))
    found = theano.function([x], [theano.sparse.dense_from_sparse(rows), elements])(value)
    np.testing.assert_array_equal(found[0], value.toarray()[[0, 2]])
    np.testing.assert_array_equal(np.ravel(found[1]), value.toarray()[[0, 1], [2, 3]])
    with pytest.raises(TypeError):
        theano.sparse.basic.GetItemList()(x, places=np.array([0, 2]))
