"""Sparse types, variables, constants and shared variables; errors; printing; pickling."""

import pickle

import numpy as np
import pytest
import scipy.sparse as ss

import theano
import theano.tensor as T
from theano import sparse

A = ss.csr_matrix(np.array([[0, 1.5, 0], [2.0, 0, 0]]))


def test_constructors():
    assert sparse.csc_matrix("x", dtype="float32").type == sparse.SparseType("csc", "float32")
    assert sparse.csr_dmatrix("y").dtype == "float64" and sparse.csr_dmatrix("y").format == "csr"
    assert sparse.bsr_fmatrix().type == sparse.SparseType("bsr", "float32")
    assert sparse.matrix("csr").dtype == theano.config.floatX
    assert str(sparse.csr_fmatrix) == "Sparse[float32, csr]" and sparse.csr_fmatrix.ndim == 2
    assert sparse.csr_matrix("x").type != sparse.csc_matrix("x").type
    assert str(sparse.csr_matrix()) == f"SparseVariable{{csr,{theano.config.floatX}}}"


def test_types_refuse_unknown_formats_and_dtypes():
    with pytest.raises(NotImplementedError, match="format"):
        sparse.SparseType("coo", "float64")
    with pytest.raises(NotImplementedError, match="dtype"):
        sparse.SparseType("csr", "object")


def test_filter():
    t = sparse.csr_dmatrix
    assert t.filter(A) is A and t.filter(A.tocsc()).format == "csr"
    assert t.filter(A.astype("int32")).dtype == "float64"
    assert t.filter(ss.csr_array(A)).__class__ is ss.csr_matrix
    assert t.filter(np.eye(2)).nnz == 2
    for error in (NotImplementedError, TypeError):
        with pytest.raises(error, match="float32 dtype but got float64"):
            sparse.csr_fmatrix.filter(A)
    assert sparse.csr_fmatrix.filter(A, allow_downcast=True).dtype == "float32"
    for bad in (A.tocsc(), A.astype("float32"), A.toarray()):
        with pytest.raises(TypeError):
            t.filter(bad, strict=True)
    with pytest.raises(TypeError):
        t.filter(None)


def test_values_eq():
    t = sparse.csr_dmatrix
    other = ss.csr_matrix(
        (np.array([1.5, 2.0, 0.0]), np.array([1, 0, 2]), np.array([0, 1, 3])), (2, 3)
    )  # stores a zero
    assert t.values_eq(A, other) and t.values_eq_approx(A, A * (1 + 1e-9))
    assert not t.values_eq(A, A * 2) and not t.values_eq_approx(A, A * 1.1) and not t.values_eq(A, A[:1])
    nan = A * np.nan
    assert t.values_eq(nan, nan.copy()) and t.values_eq_approx(nan, nan.copy()) and not t.values_eq_approx(nan, A)
    assert t.may_share_memory(A, A.T) and not t.may_share_memory(A, A.copy()) and t.may_share_memory(A, A.data)
    assert t.get_size(t.get_shape_info(A)) == 2 * 8 + 2 * 4 + 3 * 4


def test_constants():
    c = sparse.constant(A, name="c")
    assert c.name == "c" and c.equals(sparse.constant(A)) and not c.equals(sparse.constant(A * 2))
    assert c.signature() == sparse.constant(A.copy()).signature()
    assert str(sparse.constant(A)) == "SparseConstant{csr,float64,shape=(2, 3),nnz=2}"
    f = theano.function([], c + A)
    np.testing.assert_array_equal(f().toarray(), 2 * A.toarray())
    assert sparse.as_sparse_variable(A.tocoo()).format == "csr"


def test_what_is_not_sparse_is_refused():
    x, d = sparse.csr_matrix("x"), T.dmatrix("d")
    for bad in (d, 3, np.eye(2)):
        with pytest.raises(TypeError):
            sparse.as_sparse_variable(bad)
    with pytest.raises(TypeError):
        T.sin(x)
    for op in (sparse.dot, sparse.structured_dot, sparse.true_dot, sparse.add, sparse.mul, sparse.eq):
        with pytest.raises(TypeError):
            op(d, d)
    with pytest.raises(TypeError):
        x + T.dvector()
    assert x
    with pytest.raises(TypeError):
        bool(x < x)
    assert isinstance(sparse.as_sparse_or_tensor_variable(d), T.TensorVariable)


def test_errors_of_ops():
    x = sparse.csr_matrix("x", "float64")
    with pytest.raises(ValueError, match="axis"):
        sparse.sp_sum(x, axis=2)
    with pytest.raises(ValueError, match="format must be one of"):
        sparse.CSM("coo")
    with pytest.raises(TypeError, match="vector"):
        sparse.CSR(T.dmatrix(), T.ivector(), T.ivector(), T.ivector())
    with pytest.raises(TypeError, match="vector of integers"):
        sparse.CSR(T.dvector(), T.dvector(), T.ivector(), T.ivector())
    with pytest.raises(NotImplementedError, match="no sparse vector"):
        x[1]
    with pytest.raises(NotImplementedError, match="Advanced indexing"):
        x[[1, 2], 1:2]
    with pytest.raises(NotImplementedError, match="formats differ"):
        sparse.eq(x, sparse.csc_matrix("y", "float64"))
    with pytest.raises(NotImplementedError, match="non-matrix"):
        sparse.structured_dot(x, T.dvector())
    with pytest.raises(TypeError, match="more than 2 dimensions"):
        sparse.csr_from_dense(T.dtensor3())
    with pytest.raises(ValueError, match="empty list"):
        sparse.HStack(dtype="float64")()
    for op in (sparse.add, sparse.mul, lambda a, b: sparse.dot(a, b)):
        f = theano.function([x], op(x, np.ones((5, 5))))
        with pytest.raises(ValueError, match="x|shapes"):
            f(A)
    with pytest.raises(ValueError, match="square"):
        theano.function([x], sparse.diag(x))(A)
    with pytest.raises(TypeError, match="Bad input argument"):
        theano.function([x], x)("text")
    with pytest.raises(IndexError):
        theano.function([x], x[[7]])(A)


def test_shared():
    s = theano.shared(A, name="s")
    assert isinstance(s, sparse.sharedvar.SparseTensorSharedVariable)
    assert s.format == "csr" and s.dtype == "float64" and s.type == sparse.csr_dmatrix
    assert s.get_value(borrow=True) is not A and s.get_value() is not s.get_value(borrow=True)
    s.set_value(A * 3)
    np.testing.assert_array_equal(theano.function([], s.sum())(), 3 * A.sum())
    s.set_value(A.tocsc())
    assert s.get_value().format == "csr"
    with pytest.raises(TypeError):
        s.set_value("text")
    s.zero()
    assert s.get_value().nnz == 0 and s.get_value().shape == (2, 3)
    assert sparse.shared(A, format="csc").format == "csc"
    borrowed = theano.shared(A, borrow=True)
    assert borrowed.get_value(borrow=True) is A


def test_an_update_has_to_be_sparse_too():
    s = theano.shared(A, name="s")
    with pytest.raises(TypeError, match="same type"):
        theano.function([], [], updates=[(s, s.toarray())])
    f = theano.function([], s, updates=[(s, s * 2.0)])
    assert f().sum() == A.sum() and f().sum() == 2 * A.sum() and s.get_value().sum() == 4 * A.sum()


def test_outputs_are_not_the_memory_of_states_or_arguments():
    s, x = theano.shared(A, name="s"), sparse.csr_matrix("x", "float64")
    first, second, data = theano.function([x], [s, x, sparse.csm_data(x)])(A)
    first.data[:] = second.data[:] = data[:] = 9
    assert s.get_value().sum() == A.sum() == 3.5


def test_two_states_updated_with_one_matrix_stay_apart():
    s, t, x = theano.shared(A), theano.shared(A), sparse.csr_matrix("x", "float64")
    theano.function([x], [], updates=[(s, x), (t, x)])(A)
    s.get_value(borrow=True).data[:] = 9
    assert t.get_value().sum() == A.sum() == 3.5


def test_pickling():
    x = sparse.csr_matrix("x", "float64")
    y = sparse.structured_exp(x * 2.0).T
    x2, y2 = pickle.loads(pickle.dumps((x, y)))
    np.testing.assert_allclose(theano.function([x2], y2)(A).toarray(), theano.function([x], y)(A).toarray())
    f = pickle.loads(pickle.dumps(theano.function([x], y)))
    assert f(A).shape == (3, 2)
    for thing in (
        sparse.csr_dmatrix,
        sparse.constant(A),
        theano.shared(A),
        sparse.CSM("csr"),
        sparse.DenseFromSparse(False),
    ):
        again = pickle.loads(pickle.dumps(thing))
        assert type(again) is type(thing)
        assert not hasattr(thing, "__props__") or again == thing


def test_printing():
    x, y = sparse.csr_matrix("x", "float64"), T.dmatrix("y")
    text = theano.printing.debugprint(sparse.dot(x.T, y), file="str")
    assert [line.strip(" |").split(" ")[0] for line in text.splitlines()] == ["SparseDot", "SparseTranspose", "x", "y"]
    assert str(sparse.dense_from_sparse) == "DenseFromSparse{structured_grad=True}"
    assert str(sparse.csr_from_dense) == "SparseFromDense{csr}"
    assert theano.pp(sparse.sp_sum(x)) == "SpSum{axis=None}(x)"


def test_equal_ops_are_equal():
    assert sparse.CSM("csr") == sparse.CSR != sparse.CSC and hash(sparse.CSM("csr")) == hash(sparse.CSR)
    assert sparse.AddSS() == sparse.add_s_s and sparse.Cast("int8") == sparse.bcast
    assert sparse.DenseFromSparse(True) != sparse.DenseFromSparse(False)
    assert sparse.SpSum(0, True) != sparse.SpSum(1, True)
    assert sparse.CSM("csr", np.array([1, 0])) != sparse.CSM("csr", np.array([0, 1]))


def test_kmap_picks_the_stored_values():
    data = T.dvector("data")
    m = sparse.CSM("csr", np.array([2, 0]))(data, [1, 0], [0, 1, 2], (2, 2))
    f = theano.function([data], [m, theano.grad(sparse.sp_sum(sparse.sqr(m)), data)])
    value, g = f([5.0, 6.0, 7.0])
    assert value.toarray().tolist() == [[0, 7], [5, 0]] and g.tolist() == [10, 0, 14]


@pytest.mark.parametrize("mode", ["DebugMode", theano.compile.MonitorMode()])
def test_other_modes(mode):
    x = sparse.csr_matrix("x", "float64")
    f = theano.function([x], sparse.structured_dot(x.T, x), mode=mode)
    np.testing.assert_allclose(f(A).toarray(), A.T.toarray() @ A.toarray())


def test_gradient_by_what_does_not_count_is_sparse_zeros():
    x, y = sparse.csr_matrix("x", "float64"), sparse.csr_matrix("y", "float64")
    g = theano.grad(x.sum(), y, disconnected_inputs="ignore")
    assert g.type == y.type
    assert theano.function([y], g)(A).nnz == 0


def test_clone_and_givens():
    x, y = sparse.csr_matrix("x", "float64"), sparse.csr_matrix("y", "float64")
    s = theano.shared(A)
    assert theano.function([], x.sum(), givens={x: s})() == A.sum()
    assert theano.function([y], x.sum(), givens={x: y * 2.0})(A) == 2 * A.sum()
    assert theano.clone((x * 2.0).sum(), {x: s}).eval() == 2 * A.sum()
    assert (x * 2.0).sum().eval({x: A}) == 2 * A.sum()
