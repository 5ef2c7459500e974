"""Typed lists: ops on them, as inputs and outputs of functions, nested, of sparse matrices."""

import pickle

import numpy as np
import pytest
import scipy.sparse as ss

import theano
import theano.tensor as T
from theano import sparse, typed_list
from theano.typed_list import TypedListType

VECTORS = TypedListType(T.dvector)
L = [np.array([1.0, 2.0]), np.array([3.0]), np.array([1.0, 2.0])]
E = np.array([9.0])


def same(a, b):
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if ss.issparse(a):
        return abs(a - b).nnz == 0
    return np.array_equal(a, b)


CASES = {
    "append": (lambda x, e: x.append(e), L + [E]),
    "extend": (lambda x, e: x.extend(typed_list.make_list([e, e])), L + [E, E]),
    "insert": (lambda x, e: x.insert(1, e), [L[0], E, L[1], L[2]]),
    "insert_at_symbolic": (lambda x, e: x.insert(T.constant(-1, dtype="int8"), e), [L[0], L[1], E, L[2]]),
    "remove": (lambda x, e: x.remove(np.array([1.0, 2.0])), L[1:]),
    "remove_what_is_not_there": (lambda x, e: x.remove(e), L),
    "reverse": (lambda x, e: x.reverse(), L[::-1]),
    "item": (lambda x, e: x[1], L[1]),
    "last": (lambda x, e: x[-1], L[-1]),
    "symbolic_item": (lambda x, e: x[T.cast(e[0] - 7, "int64")], L[2]),
    "part": (lambda x, e: x[1:], L[1:]),
    "steps": (lambda x, e: x[::2], L[::2]),
    "count": (lambda x, e: x.count(T.constant(L[0], name="c")[:]), 2),
    "ind": (lambda x, e: x.ind(np.array([3.0])), 1),
    "length": (lambda x, e: typed_list.length(x), 3),
    "make": (lambda x, e: typed_list.make_list([e, e * 2]), [E, 2 * E]),
}


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
@pytest.mark.parametrize("name", CASES)
def test_value(name, mode):
    op, wanted = CASES[name]
    x, e = VECTORS("x"), T.dvector("e")
    f = theano.function([x, e], op(x, e), mode=mode, on_unused_input="ignore")
    given = [v.copy() for v in L]
    assert same(f(given, E), wanted) or f(given, E) == wanted
    assert same(given, L), "the argument was changed"


@pytest.mark.parametrize("op", [
    lambda x, e, inplace: typed_list.Append(inplace)(x, e), lambda x, e, inplace: typed_list.Extend(inplace)(x, x),
    lambda x, e, inplace: typed_list.Insert(inplace)(x, 0, e), lambda x, e, inplace: typed_list.Remove(inplace)(x, e),
    lambda x, e, inplace: typed_list.Reverse(inplace)(x),
])  # fmt: skip
def test_inplace_ops_give_the_same_and_spare_the_argument(op):
    x, e = VECTORS("x"), T.dvector("e")
    made = op(x, e, True)
    assert made.owner.op.destroy_map == {0: [0]} and made.owner.op != op(x, e, False).owner.op
    f = theano.function([x, e], [made, op(x, e, False)], on_unused_input="ignore")
    given = [v.copy() for v in L]
    a, b = f(given, L[0])
    assert same(a, b) and same(given, L)


def test_dtypes_of_answers():
    x, e = VECTORS("x"), T.dvector("e")
    assert typed_list.length(x).type == T.lscalar
    assert x.count(e).dtype == x.ind(e).dtype == theano.config.floatX


def test_types():
    assert TypedListType(T.dvector) == VECTORS != TypedListType(T.fvector)
    assert TypedListType(T.dvector, 1) == TypedListType(VECTORS) and hash(VECTORS) == hash(TypedListType(T.dvector))
    assert TypedListType(T.dvector, 3).get_depth() == 3 and VECTORS.get_depth() == 0
    assert str(VECTORS) == "TypedList <TensorType(float64, vector)>"
    assert VECTORS("x").ttype == T.dvector and VECTORS.ndim == 2 and VECTORS("x").dtype == T.dvector
    assert VECTORS.filter([[1.0], np.zeros(2, "float32")])[1].dtype == "float64"
    assert VECTORS.values_eq(L, [v.copy() for v in L]) and not VECTORS.values_eq(L, L[:2])
    assert VECTORS.may_share_memory(L, [L[0]]) and not VECTORS.may_share_memory(L, [E])
    with pytest.raises(ValueError):
        TypedListType(T.dvector, -1)
    with pytest.raises(TypeError):
        TypedListType("float64")
    for bad in (3, np.zeros(2), [np.zeros((2, 2))]):
        with pytest.raises(TypeError):
            VECTORS.filter(bad)
    with pytest.raises(TypeError):
        VECTORS.filter([[1.0]], strict=True)


def test_errors():
    x = VECTORS("x")
    for call in (
        lambda: x.append(T.dmatrix()), lambda: x.extend(TypedListType(T.dmatrix)()), lambda: x[1.5], lambda: x[T.dscalar()],
        lambda: x["a"], lambda: typed_list.append(T.dvector(), T.dvector()), lambda: len(x), lambda: bool(x),
        lambda: typed_list.make_list([T.dvector(), T.fvector()]), lambda: typed_list.make_list([]), lambda: iter(x),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()
    with pytest.raises(IndexError):
        theano.function([x], x[7])(L)
    with pytest.raises(ValueError, match="not in the list"):
        theano.function([x], x.ind(E))(L)


def test_nested():
    nested = TypedListType(T.dvector, 1)
    x, y = nested("x"), VECTORS("y")
    f = theano.function([x, y], [x.append(y), x[0], x[0][1], typed_list.length(x), x.count(y), x[1:]])
    appended, first, vector, n, c, rest = f([L, L[:1]], L)
    assert same(appended, [L, L[:1], L]) and same(first, L) and same(vector, L[1]) and n == 2 and c == 1
    assert same(rest, [L[:1]])


def test_of_sparse_matrices():
    a, b = (ss.random(3, 4, 0.5, "csr", random_state=k) for k in (1, 2))
    a, b = ss.csr_matrix(a), ss.csr_matrix(b)
    x, m = TypedListType(sparse.csr_dmatrix)("x"), sparse.csr_matrix("m", "float64")
    f = theano.function([x, m], [x.append(m), x.ind(m), x[1], sparse.sp_sum(x[0])])
    appended, place, second, total = f([a, b], b)
    assert same(appended, [a, b, b]) and place == 1 and same(second, b) and np.isclose(total, a.sum())


def test_outputs_do_not_share_memory_with_arguments():
    x = VECTORS("x")
    given = [v.copy() for v in L]
    whole, part, item = theano.function([x], [x, x[1:], x[0]])(given)
    whole[0][:] = part[0][:] = item[:] = 7
    whole.append(E)
    assert same(given, L)


def test_computing_with_elements():
    x = VECTORS("x")
    f = theano.function([x], T.exp(x[0]).sum() + (x[1] * 2).sum())
    assert np.isclose(f(L), np.exp(L[0]).sum() + 6)


def test_pickling_and_equal_constants():
    x, e = VECTORS("x"), T.dvector("e")
    f = pickle.loads(pickle.dumps(theano.function([x, e], x.append(e)[1:])))
    assert same(f(L, E), L[1:] + [E])
    c = typed_list.TypedListConstant(VECTORS, L)
    assert c.equals(typed_list.TypedListConstant(VECTORS, [v.copy() for v in L]))
    assert same(theano.function([], c.reverse())(), L[::-1])


def test_a_list_given_as_shared_state():
    s = theano.compile.SharedVariable("s", VECTORS, [], strict=False)
    e = T.dvector("e")
    f = theano.function([e], typed_list.length(s), updates=[(s, typed_list.append(s, e))])
    assert [int(f(E)) for _ in range(3)] == [0, 1, 2] and same(s.get_value(), [E, E, E])


def test_debug_mode():
    x = VECTORS("x")
    assert same(theano.function([x], x.reverse()[:2], mode="DebugMode")(L), [L[2], L[1]])
