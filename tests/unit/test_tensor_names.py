"""Names of ``theano.tensor`` that old programs import: that each does what it says."""

import importlib
import pickle

import numpy as np
import pytest
import scipy.sparse

import theano
import theano.tensor as T
from theano.tensor import blas, blas_c, blas_scipy, fourier, io, subtensor, type_other, utils
from theano.tensor.elemwise import CAReduce

RNG = np.random.RandomState
FAST, SLOW = "FAST_RUN", "FAST_COMPILE"


def both_modes(inputs, outputs, *values):
    """The outputs natively, checked against the references node by node."""
    fast = theano.function(inputs, outputs, mode=FAST)(*values)
    slow = theano.function(inputs, outputs, mode=SLOW)(*values)
    for a, b in zip(fast, slow):
        np.testing.assert_allclose(a, b, rtol=1e-10)
    return fast


A, B, C = RNG(1).rand(3, 4), RNG(2).rand(4, 5), RNG(3).rand(3, 5)
X, Y, Z = T.dmatrix("X"), T.dmatrix("Y"), T.dmatrix("Z")
v, w, a, b = T.dvector("v"), T.dvector("w"), T.dscalar("a"), T.dscalar("b")


@pytest.mark.parametrize("gemm", [blas.gemm, blas.gemm_inplace, blas.gemm_no_inplace])
def test_gemm(gemm):
    (out,) = both_modes([Z, a, X, Y, b], [gemm(Z, a, X, Y, b)], C.copy(), 2.0, A, B, 0.5)
    np.testing.assert_allclose(out, 0.5 * C + 2 * A @ B)
    T.verify_grad(gemm, [C, np.array(2.0), A, B, np.array(0.5)], rng=RNG(0))
    assert str(gemm).startswith("Gemm{") and pickle.loads(pickle.dumps(gemm)) == gemm


def test_gemm_leaves_its_arguments_as_they_were():
    z = C.copy()
    f = theano.function([Z, X, Y], blas.gemm_inplace(Z, np.array(1.0), X, Y, np.array(1.0)))
    f(z, A, B)
    np.testing.assert_array_equal(z, C)


@pytest.mark.parametrize(
    "inputs",
    [
        (T.dvector(), a, X, Y, b),
        (Z, v, X, Y, b),
        (Z, a, T.fmatrix(), Y, b),
        (T.imatrix(), T.iscalar(), T.imatrix(), T.imatrix(), T.iscalar()),
    ],
)
def test_gemm_refuses(inputs):
    with pytest.raises(TypeError):
        blas.gemm_no_inplace(*inputs)


def test_other_blas_ops():
    y = RNG(4).rand(3)
    x = RNG(5).rand(4)
    found = both_modes(
        [X, Y, v, w, a, b],
        [
            blas.Dot22()(X, Y),
            blas.Dot22Scalar()(X, Y, a),
            blas.gemv_no_inplace(v, a, X, w, b),
            blas_c.cgemv_inplace(v, a, X, w, b),
            blas.ger(X, a, v, w),
            blas_scipy.scipy_ger_inplace(X, a, v, w),
        ],
        A, B, y, x, 2.0, 3.0,
    )  # fmt: skip
    wanted = [A @ B, 2 * A @ B, 3 * y + 2 * A @ x, 3 * y + 2 * A @ x, A + 2 * np.outer(y, x), A + 2 * np.outer(y, x)]
    for one, other in zip(found, wanted):
        np.testing.assert_allclose(one, other)
    T.verify_grad(blas.gemv, [y, np.array(2.0), A, x, np.array(3.0)], rng=RNG(0))
    T.verify_grad(blas.ger, [A, np.array(2.0), y, x], rng=RNG(0))
    assert issubclass(blas_c.CGemv, blas.Gemv) and issubclass(blas_scipy.ScipyGer, blas.Ger)


def test_ops_that_are_names_for_expressions():
    t = RNG(6).rand(2, 3, 4)
    x = T.dtensor3("x")
    reps = T.lvector("reps")
    found = both_modes(
        [x, reps],
        [
            T.Argmax(axis=(0,))(x), T.Argmax(axis=None)(x), T.Flatten(2)(x), T.Flatten(1)(x), T.Tile(3)(x, reps), T.Tri("int8")(3, 4, 1),
            T.DiffOp(n=1, axis=0)(x), T.Mean(axis=1)(x), T.Mean()(x), theano.tensor.extra_ops.CumsumOp(axis=1)(x),
            theano.tensor.extra_ops.CumprodOp()(x), theano.tensor.extra_ops.cpu_contiguous(x.T), T.Flatten(3)(x),
        ],
        t, [1, 2, 1],
    )  # fmt: skip
    wanted = [
        t.argmax(0), t.argmax(), t.reshape(2, 12), t.ravel(), np.tile(t, (1, 2, 1)), np.tri(3, 4, 1, "int8"), np.diff(t, axis=0),
        t.mean(1), t.mean(), t.cumsum(1), t.cumprod(), t.T, t,
    ]  # fmt: skip
    for one, other in zip(found, wanted):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other)
    for op in (T.Flatten(2), T.DiffOp(axis=1), T.Mean(axis=0), theano.tensor.extra_ops.cpu_contiguous):
        T.verify_grad(op, [t], rng=RNG(0))
    with pytest.raises(ValueError):
        T.Flatten(4)(x)
    assert isinstance(T.Mean(), CAReduce)


def test_fourier_of_an_array_and_its_gradient():
    x = T.dmatrix("x")
    value = RNG(7).rand(3, 4)
    for n, axis in ((None, None), (6, 0), (2, 1)):
        out = theano.function([x], fourier.fft(x, n, axis))(value)
        np.testing.assert_allclose(out, np.fft.fft(value, n=n, axis=-1 if axis is None else axis))
        T.verify_grad(
            lambda u, n=n, axis=axis: T.real(fourier.fft(u, n, axis)) + 2 * T.imag(fourier.fft(u, n, axis)),
            [value],
            rng=RNG(0),
        )


def test_default_chooses_the_second_where_the_first_is_none():
    x = T.dvector("x")
    assert theano.function([x], T.default(x, np.zeros(3)))([1.0]).tolist() == [1.0]
    storage = [[None]]
    node = T.default(x, np.ones(2)).owner
    node.op.perform(node, [None, np.ones(2)], storage)
    assert storage[0][0].tolist() == [1.0, 1.0]
    with pytest.raises(TypeError):
        T.default(x, T.dmatrix())


def test_transfer_and_its_registry():
    x = T.dvector("x")
    assert x.transfer("cpu") is x and T.transfer(x, "cpu") is x
    T.register_transfer(lambda var, target: var * 2 if target == "twice" else None)
    assert theano.function([x], T.transfer(x, "twice"))([2.0]).tolist() == [4.0]
    with pytest.raises(ValueError):
        T.transfer(x, "moon")


def test_isclose_and_allclose():
    values = [0.0, 1.0, np.inf, -np.inf, np.nan, 1e8]
    p, q = (g.ravel() for g in np.meshgrid(values, np.array(values) * (1 + 1e-9)))
    for nan in (False, True):
        f = theano.function([v, w], [T.isclose(v, w, equal_nan=nan), T.allclose(v, w, equal_nan=nan)])
        close, all_ = f(p, q)
        np.testing.assert_array_equal(close, np.isclose(p, q, equal_nan=nan))
        assert all_ == np.allclose(p, q, equal_nan=nan)
    assert theano.function([], T.allclose(np.int8([100]), np.int8([-100])))() == np.False_


def test_slices_as_values():
    i = T.lscalar("i")
    made = type_other.make_slice(slice(None, i, 2))
    assert theano.function([i], made)(5) == slice(None, 5, 2)
    assert type_other.as_int_none_variable(None).data is None
    with pytest.raises(TypeError):
        type_other.as_int_none_variable(1.5)
    assert type_other.NoneConst.data is None and isinstance(type_other.NoneConst.type, type_other.NoneTypeT)
    value = np.arange(24.0).reshape(2, 3, 4)
    x = T.dtensor3("x")
    index = [T.lvector("k"), made, T.NoneConst]
    out = T.advanced_subtensor(x, *index)
    np.testing.assert_array_equal(
        theano.function([x, index[0], i], out)(value, [1, 0, 1], 3), value[[1, 0, 1], :3:2, None]
    )
    assert isinstance(out.owner.op, subtensor.BaseAdvancedSubtensor)
    assert (
        str(subtensor.as_index_variable(slice(1, 2)).type) == "slice" and subtensor.as_index_variable(None).data is None
    )
    with pytest.raises(TypeError):
        subtensor.as_index_variable(T.dvector())


def test_advanced_indexing_ops_called_by_name():
    value = np.arange(12.0).reshape(3, 4)
    k = T.lvector("k")
    mask = value % 3 == 0
    outs = [
        T.advanced_subtensor1(X, k), T.advanced_inc_subtensor1(X, np.ones((2, 4)), k), T.advanced_set_subtensor1(X, np.ones((2, 4)), k),
        T.advanced_inc_subtensor(X, 5.0, k, k), T.advanced_set_subtensor(X, 5.0, k, slice(1, 3)),
        T.advanced_boolean_subtensor(X, mask), T.advanced_boolean_inc_subtensor(X, 1.0, mask), T.advanced_boolean_set_subtensor(X, 1.0, mask),
    ]  # fmt: skip
    found = theano.function([X, k], outs)(value, [1, 1])

    def changed(index, new, add):
        out = value.copy()
        if add:
            np.add.at(out, index, new)
        else:
            out[index] = new
        return out

    ones = np.ones((2, 4))
    wanted = [
        value[[1, 1]], changed([1, 1], ones, True), changed([1, 1], ones, False), changed(([1, 1], [1, 1]), 5, True),
        changed(([1, 1], slice(1, 3)), 5, False), value[mask], changed(mask, 1, True), changed(mask, 1, False),
    ]  # fmt: skip
    for one, other in zip(found, wanted):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("start", [None, 0, 2, 5, 9, -1, -4, -9])
@pytest.mark.parametrize("stop", [None, 0, 3, 9, -1, -9])
@pytest.mark.parametrize("step", [None, 1, 2, -1, -3])
def test_canonical_form_of_slices(start, stop, step):
    x = np.arange(6)
    wanted = x[slice(start, stop, step)]
    canonical, direction = subtensor.get_canonical_form_slice(slice(start, stop, step), 6)
    assert canonical.step > 0 and 0 <= canonical.start <= 6 and 0 <= canonical.stop <= 6
    assert x[canonical][::direction].tolist() == wanted.tolist()


def test_canonical_form_of_symbolic_slices():
    i, j, n = T.lscalars("i", "j", "n")
    for step in (2, -1, -3):
        s, direction = subtensor.get_canonical_form_slice(slice(i, j, step), n)
        f = theano.function([i, j, n], [T.as_tensor_variable(s.start), T.as_tensor_variable(s.stop)])
        for start in (-7, -2, 0, 3, 9):
            for stop in (-7, -1, 0, 4, 9):
                low, high = f(start, stop, 6)
                x = np.arange(6)
                assert x[int(low) : int(high) : s.step][::direction].tolist() == x[start:stop:step].tolist()


def test_index_helpers():
    node = X[1:, T.lscalar("i")].owner
    index = subtensor.get_idx_list(node.inputs, node.op.idx_list)
    assert isinstance(index[0], slice) and index[1] is node.inputs[-1]
    assert subtensor.get_idx_list(node.inputs, node.op.idx_list, get_count=True) == 2
    assert subtensor.adv_index_broadcastable_pattern(X, (T.lvector(), None)) == (False, True, False)
    with pytest.raises(IndexError):
        subtensor.check_advanced_indexing_dimensions(np.zeros((2, 3)), [np.zeros((3, 3), bool)])
    with pytest.raises(IndexError):
        subtensor.check_advanced_indexing_dimensions(X, [0, 1, 2])
    with pytest.raises(TypeError):
        subtensor.check_and_reject_bool(True)
    assert importlib.import_module("theano.tensor.var").equal_slices(slice(1, 2), slice(1, 2))


def test_array_read_from_disk_at_each_call(tmp_path):
    path = str(tmp_path / "x.npy")
    np.save(path, np.arange(5))
    for mode in (None, "c"):
        f = theano.function([], T.load(path, "int64", (False,), mmap_mode=mode) * 2)
        assert f().tolist() == [0, 2, 4, 6, 8]
        np.save(path, np.arange(5) + 1)
        assert f().tolist() == [2, 4, 6, 8, 10]
        np.save(path, np.arange(5))
    name = theano.gof.generic("path")
    g = theano.function([name], T.load(name, "int64", (False,)))
    assert g(path).tolist() == [0, 1, 2, 3, 4]
    for dtype, flags in (("float32", (False,)), ("int64", (True,)), ("int64", (False, False))):
        with pytest.raises(TypeError):
            theano.function([], T.load(path, dtype, flags))()
    with pytest.raises(ValueError):
        T.load(path, "int64", (False,), mmap_mode="r+")


@pytest.mark.skipif(io.mpi_enabled, reason="mpi4py is installed: there may be nobody to talk to")
def test_messages_need_mpi():
    f = theano.function([], T.recv((2, 2), "float32", 0, 1))
    with pytest.raises(ImportError, match="mpi4py"):
        f()
    with pytest.raises(ImportError, match="mpi4py"):
        theano.function([v], T.send(v, 1, 2))([1.0])


def test_constants_and_shapes():
    assert T.extract_constant(T.constant(3) + 1) == 4 and T.extract_constant(v) is v
    assert T.numpy_scalar(np.array([[2]])) == 2
    with pytest.raises(T.EmptyConstantError):
        T.numpy_scalar(np.zeros(0))
    with pytest.raises(T.NotScalarConstantError):
        T.numpy_scalar(np.zeros(2))
    assert T.check_and_normalize_axes(X, -1) == [1] and T.check_and_normalize_axes(X, None) == []
    with pytest.raises(ValueError):
        T.check_and_normalize_axes(X, 2)
    sizes, flags = T.alloc_validate_shape([1, T.lscalar(), 3])
    assert flags == [True, False, False] and len(sizes) == 3
    with pytest.raises(TypeError):
        T.alloc_validate_shape([1.5])
    assert T.is_flat(v) and not T.is_flat(X) and T.is_flat(X, ndim=2)
    assert T.power(v, 2).owner.op == T.pow
    x, y = T.matrix("x"), T.vector("y")
    g = theano.gof.FunctionGraph([x, y], [x.dot(y), x.T], clone=False)
    shapes = utils.shape_of_variables(g, {x: (2, 3), y: (3,)})
    assert [shapes[o] for o in g.outputs] == [(2,), (3, 2)]
    assert utils.hash_from_ndarray(np.zeros(2)) != utils.hash_from_ndarray(np.zeros((2, 1)))
    value = np.arange(25.0).reshape(5, 5)
    for view in (value[::2], value[::-1], value.T, value[1:, 1:]):
        assert utils.hash_from_ndarray(view) == utils.hash_from_ndarray(view.copy())
    assert utils.hash_from_ndarray(value) != utils.hash_from_ndarray(value.T)


def test_xlogx_is_the_module_of_that_name():
    x = T.dvector()
    f = theano.function([x], [T.xlogx.xlogx(x), T.xlogx.xlogy0(x, x)])
    np.testing.assert_allclose(f([0.0, 2.0]), [[0, 2 * np.log(2)]] * 2)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sort_takes_an_axis_known_only_at_the_call(axis):
    x, d = T.dmatrix(), T.lscalar()
    f = theano.function([x, d], [T.sort(x, d), T.argsort(x, d, "mergesort"), T.grad((T.sort(x, d) * x).sum(), x)])
    value = np.random.RandomState(0).rand(3, 4)
    along, order, slope = f(value, axis)
    np.testing.assert_array_equal(along, np.sort(value, axis))
    np.testing.assert_array_equal(order, np.argsort(value, axis))
    fixed = theano.function([x], T.grad((T.sort(x, axis) * x).sum(), x))
    np.testing.assert_array_equal(slope, fixed(value))


def test_searchsorted_looks_in_vectors_only():
    with pytest.raises(ValueError, match="vector"):
        T.extra_ops.searchsorted(T.dmatrix(), T.dvector())


def test_bincount_asserts_where_asked():
    x = T.lvector()
    with pytest.raises(AssertionError, match="negative"):
        theano.function([x], T.extra_ops.bincount(x, assert_nonneg=True))([1, -1])


def test_one_number_of_repeats_needs_no_op_of_its_own():
    x, n = T.dmatrix(), T.TensorType("int64", (True,))()
    value = np.arange(6.0).reshape(2, 3)
    for repeats, given in (([2], []), (n, [[2]]), (2, [])):
        for axis in (None, 0, 1, -1):
            f = theano.function([x, n] if given else [x], T.repeat(x, repeats, axis))
            np.testing.assert_array_equal(f(value, *given), np.repeat(value, 2, axis))
            assert not any(isinstance(node.op, T.extra_ops.RepeatOp) for node in f.maker.fgraph.toposort())


@pytest.mark.parametrize(
    "build",
    [
        lambda x: T.sort(x, axis=None), lambda x: T.topk(x, 2), lambda x: T.topk(x, -2, axis=0), lambda x: T.cumsum(x),
        lambda x: T.repeat(x, T.as_tensor_variable([1, 2]), axis=0), lambda x: T.extra_ops.Unique(False, True)(x)[1],
        lambda x: T.extra_ops.RepeatOp(None)(x, 3), lambda x: T.extra_ops.ravel_multi_index((T.argsort(x, axis=0),) * 2, (3, 3)),
        lambda x: T.extra_ops.Unique(True, True, True, axis=-1)(x)[2], lambda x: x.flatten(), lambda x: T.argsort(x, axis=None),
    ],
)  # fmt: skip
def test_shapes_of_results_are_known_without_them(build):
    x = T.dmatrix()
    out = build(x)
    value = np.array([[3.0, 1.0, 2.0], [3.0, 1.0, 0.0]])
    f = theano.function([x], out.shape)
    assert not any(type(node.op) is type(out.owner.op) for node in f.maker.fgraph.toposort()) or "Alloc" in str(out)
    assert tuple(f(value)) == theano.function([x], out)(value).shape


def test_unique_along_an_axis_is_numpys():
    x = T.dmatrix()
    value = np.array([[2.0, 1.0, 2.0], [3.0, 2.0, 3.0]])
    for axis in (None, 0, 1, -1):
        found = theano.function([x], T.extra_ops.Unique(True, True, True, axis)(x))(value)
        for mine, theirs in zip(found, np.unique(value, True, True, True, axis)):
            np.testing.assert_array_equal(mine, np.reshape(theirs, mine.shape))
    with pytest.raises(ValueError, match="outside of input ndim"):
        T.extra_ops.Unique(axis=2)(x)


def test_length_of_a_typed_list_as_a_method():
    mine = theano.typed_list.TypedListType(T.dvector)()
    f = theano.function([mine], mine.__len__())
    assert f([np.ones(2), np.ones(3)]) == 2
    with pytest.raises(TypeError):
        len(mine)


def test_shape_of_variables_names_what_is_not_given():
    from theano.tensor.utils import shape_of_variables

    x = T.dmatrix()
    fgraph = theano.FunctionGraph([x], [x[1:]])  # a copy, whose input is another
    with pytest.raises(ValueError, match="not given"):
        shape_of_variables(fgraph, {x: (10, 10)})


def test_diag_and_trace_of_the_module_of_linear_algebra():
    m, v = T.dmatrix(), T.dvector()
    value = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(T.nlinalg.diag(x=m).eval({m: value}), np.diag(value))
    np.testing.assert_array_equal(T.nlinalg.diag(v).eval({v: [1.0, 2.0]}), np.diag([1.0, 2.0]))
    assert T.nlinalg.trace(X=m).eval({m: value}) == np.trace(value)
    with pytest.raises(TypeError, match="vector or matrix"):
        T.nlinalg.diag(T.dtensor3())


def test_names_of_arguments_of_rounding_and_of_tests_for_numbers():
    x, n = T.dvector(), T.lvector()
    value = np.array([0.5, np.nan, -np.inf])
    np.testing.assert_array_equal(T.isnan(a=x).eval({x: value}), np.isnan(value))
    np.testing.assert_array_equal(T.isinf(a=x).eval({x: value}), np.isinf(value))
    np.testing.assert_array_equal(T.isnan(n).eval({n: [1, 2]}), [False, False])
    np.testing.assert_array_equal(T.round(a=x, mode="half_away_from_zero").eval({x: [0.5, -1.5]}), [1, -2])


def test_constant_of_a_sparse_matrix_of_one_element():
    one = theano.sparse.CSR([3.0], np.int32([0]), np.int32([0, 1]), np.int32([1, 1]))
    assert theano.get_scalar_constant_value(one) == 3
    assert theano.get_scalar_constant_value(T.constant(2) + 1) == 3
    with pytest.raises(T.NotScalarConstantError):
        theano.get_scalar_constant_value(theano.sparse.csr_matrix())


def test_a_list_with_slices_is_an_index_of_several_dimensions():
    x = T.dtensor3()
    value = np.arange(60.0).reshape(3, 4, 5)
    found = x[[slice(1, None), slice(0, -1, 2), 3]].eval({x: value})
    np.testing.assert_array_equal(found, value[1:, 0:-1:2, 3])


@pytest.mark.parametrize(
    "index, sizes",
    [
        (lambda i, j: (i, j), (2, 3)), (lambda i, j: (slice(None), i, j), (4, 2, 3)), (lambda i, j: (i, slice(None), j), (2, 3, 5)),
        (lambda i, j: (i, 1), (2, 1, 6)), (lambda i, j: (j[0], None, i), None), (lambda i, j: (i, slice(1, None)), None),
    ],
)  # fmt: skip
def test_shapes_of_chosen_elements(index, sizes):
    x, i, j = T.dtensor3(), T.lmatrix(), T.lmatrix()
    out = x[index(i, j)]
    value = np.random.RandomState(1).rand(4, 5, 6)
    places = np.array([[1], [2]]), np.array([[0, 3, 2]])
    f = theano.function([x, i, j], out.shape, on_unused_input="ignore")
    assert tuple(f(value, *places)) == value[index(*places)].shape
    if sizes is not None:
        assert not any("AdvancedSubtensor" in type(node.op).__name__ for node in f.maker.fgraph.toposort())


def test_shapes_of_sparse_results_need_no_sparse_op():
    x, d = theano.sparse.csr_matrix(dtype="float64"), T.dmatrix()
    value = scipy.sparse.csr_matrix(np.eye(3, 4))
    for out, size in (
        (x.T, (4, 3)), (theano.sparse.vstack([x, x]), (6, 4)), (theano.sparse.dot(x, d), (3, 2)), (x * x, (3, 4)),
        (theano.sparse.dense_from_sparse(x + x), (3, 4)),
    ):  # fmt: skip
        f = theano.function([x, d], out.shape, on_unused_input="ignore")
        assert tuple(f(value, np.ones((4, 2)))) == size
        assert not any("Sparse" in str(type(node.op).__mro__) for node in f.maker.fgraph.toposort())
    assert "float16" not in theano.sparse.all_dtypes


@pytest.mark.parametrize("offset", [0, 2, -1])
@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (-2, -1), (0, 2), (2, 1)])
def test_matrices_with_rows_on_their_diagonals(offset, axes):
    x = T.dmatrix()
    value = np.arange(1.0, 7.0).reshape(2, 3)
    out = T.basic.AllocDiag(offset, *axes)(x)
    found = out.eval({x: value})
    np.testing.assert_array_equal(np.diagonal(found, offset, *axes), value)
    assert found.sum() == value.sum()
    assert tuple(theano.function([x], out.shape)(value)) == found.shape
    theano.gradient.verify_grad(
        lambda v: T.basic.AllocDiag(offset, *axes)(v) ** 2, [value], rng=np.random.RandomState(3)
    )


def test_one_vector_on_a_turned_diagonal():
    x = T.dvector()
    for offset in (0, 1, -2):
        found = T.basic.AllocDiag(offset, 1, 0)(x).eval({x: [1.0, 2.0]})
        np.testing.assert_array_equal(found, np.diag([1.0, 2.0], offset).T)
    with pytest.raises(ValueError, match="1 or more dimensions"):
        T.basic.AllocDiag()(T.dscalar())
