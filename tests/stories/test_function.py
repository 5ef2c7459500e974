"""``theano.function`` whole: inputs, outputs, updates, givens, containers, copies, pickles."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import In, Out, function, shared
from theano.compile.function_module import UnusedInputError
from theano.gof.fg import MissingInputError


@pytest.fixture
def x():
    return T.dscalar("x")


@pytest.fixture
def y():
    return T.dscalar("y")


def numbers(*shared_variables):
    return [float(s.get_value()) for s in shared_variables]


def test_the_seed_program():
    state = theano.shared(0)
    assert type(state) is theano.tensor.sharedvar.ScalarSharedVariable
    assert str(type(state)) == "<class 'theano.tensor.sharedvar.ScalarSharedVariable'>"
    x = T.iscalar("x")
    counter = theano.function([x], state, updates=[(state, state + x)])
    assert [int(counter(k)) for k in (1, 2, 3)] == [0, 1, 3] and state.get_value() == 6
    state += x
    assert type(state) is T.TensorVariable
    with pytest.raises(AttributeError) as caught:
        state.get_value()
    assert str(caught.value) == "'TensorVariable' object has no attribute 'get_value'"


# --- inputs ---


def test_defaults_by_position_by_name_and_by_container(x, y):
    f = function([x, In(y, value=2.0)], x + y)
    assert [f(1.0), f(1.0, 5.0), f(1.0, y=7.0), f(x=1.0)] == [3, 6, 8, 3]
    assert f[y] == f["y"] == f.value["y"] == 2 and f.container[y].value == 2 and "y" in f
    f[y] = 10
    assert f(1.0) == 11
    named = function([x, In(y, value=2.0, name="why")], x + y)
    assert named(1.0, why=3.0) == 4 and named["why"] == 2
    with pytest.raises(TypeError, match="Unknown input or state: y"):
        named(1.0, y=3.0)


def test_states_are_native_and_rewritten(x):
    s, v = T.dscalar("s"), T.dvector("v")
    f = function([x, In(s, value=0.0, update=s + x)], s)
    assert [f(1.0), f(2.0), f[s]] == [0, 1, 3]
    assert f(1.0, 100.0) == 100 and f[s] == 101
    g = function([x, In(s, value=f.container[s], update=s * x)], s)  # one cell of two functions
    assert g(2.0) == 101 and f[s] == g[s] == 202
    hidden = function([x, In(s, value=1.0, update=s + x, implicit=True)], s)
    assert [hidden(1.0), hidden(2.0)] == [1, 2]
    with pytest.raises(TypeError, match="Too many"):
        hidden(1.0, 2.0)
    # A state must not cost the stable form of log(1 + exp(v)).
    stable = function([v, In(s, value=0.0, update=s + 1)], T.log1p(T.exp(v)) + 0 * s)
    assert stable([1000.0]) == [1000.0] and stable._native is not None and stable[s] == 1


def test_states_and_shared_variables_change_together():
    s, total = T.dscalar("s"), shared(0.0)
    f = function([In(s, value=1.0, update=s + total)], [s, total], updates=[(total, total + s)])
    assert [[float(v) for v in f()] for _ in range(3)] == [[1, 0], [1, 1], [2, 2]]
    v = T.dvector("v")
    g = function([v, In(s, value=0.0, update=s + 1)], v[5], updates=[(total, total + 1)])
    before = total.get_value()
    with pytest.raises(IndexError):
        g([1.0])
    assert g[s] == 0 and total.get_value() == before


def test_flags_of_inputs():
    v, w, s = T.dvector("v"), T.fvector("w"), T.fscalar("s")
    given = np.arange(3.0)
    assert function([In(v, mutable=True)], v * 2)(given).tolist() == [0, 2, 4]
    with pytest.raises(AssertionError, match="borrow=False, mutable=True"):
        In(v, mutable=True, borrow=False)
    for bad in (np.arange(3), [1.0, 2.0]):
        with pytest.raises(TypeError, match="'v'"):
            function([In(v, strict=True)], v)(bad)
    assert function([v], v * 1)(np.arange(3)).dtype == "float64"
    with pytest.raises(TypeError, match="allow_input_downcast=True"):
        function([w], w)(given)
    assert function([w], w)([1.0, 2.0]).dtype == "float32"
    assert function([In(w, allow_downcast=True)], w)(given).dtype == "float32"
    assert function([w], w, allow_input_downcast=True)(given).dtype == "float32"
    for downcast in (False, None):
        with pytest.raises(TypeError, match="cannot store accurately"):
            function([s], s, allow_input_downcast=downcast)(1.1)
    with pytest.raises(TypeError, match="implicit input must be given a default"):
        In(v, implicit=True)


def test_arguments_that_do_not_fit(x, y):
    f = function([x, y], x - y)
    assert f(y=1.0, x=5.0) == 4
    for arguments, keywords, words in [
        ((1.0,), {"x": 5.0}, "Multiple values for input: x"), ((1.0,), {"z": 5.0}, "Unknown input or state: z"),
        ((1.0, 2.0, 3.0), {}, "Too many parameter"), ((1.0,), {}, "Missing required input: y"),
    ]:  # fmt: skip
        with pytest.raises(TypeError, match=words):
            f(*arguments, **keywords)
    twin = function([x, T.dscalar("x")], x, on_unused_input="ignore")
    assert twin(1.0, 2.0) == 1
    with pytest.raises(TypeError, match="Ambiguous name: x"):
        twin(x=2.0)


def test_inputs_that_are_refused(x, y):
    for inputs, error in [
        ([shared(1.0)], TypeError), ([T.constant(1)], TypeError), ([3], TypeError), (x, Exception), ([x, x], UnusedInputError),
        ([x, y], UnusedInputError),
    ]:  # fmt: skip
        with pytest.raises(error):
            function(inputs, x)
    with pytest.warns(UserWarning, match="not part of the computational graph"):
        function([x, y], x, on_unused_input="warn")
    with pytest.raises(ValueError, match="on_unused_input"):
        function([x, y], x, on_unused_input="foo")
    with pytest.raises(MissingInputError, match=r"(?s)Input 1 .*used to compute .*add.*y, TensorType"):
        function([x], T.exp(x + y))
    whole = x + y  # an expression may be an input
    assert function([whole], whole * 2)(3.0) == 6


# --- outputs ---


def test_forms_of_outputs(x):
    v = T.dvector("v")
    assert function([x], {"a": x, "b": x * 2})(1.0) == {"a": 1, "b": 2}
    assert function([x], {"a": x, "b": x * 2})(1.0, output_subset=["b"]) == {"b": 2}
    assert function([x], None, on_unused_input="ignore")(1.0) is None
    assert function([], [])() == []
    assert function([x], [x])(1.0) == [1] and function([x], (x, x))(1.0) == [1, 1]
    assert function([v], [Out(v * 2, borrow=True), v])([1.0]) == [[2], [1]]
    assert function([], T.constant(3))() == 3
    for outputs, error in [(3, TypeError), ([None], TypeError), ({1: x}, AssertionError)]:
        with pytest.raises(error):
            function([x], outputs)


def test_output_subset_gives_only_what_was_asked_for(x):
    total = shared(0.0)
    f = function([x], [x, x * 2, x * 3], updates=[(total, total + x)])
    assert f(1.0, output_subset=[0, 2]) == [1, 3]
    assert f(1.0, output_subset=[1]) == [2] and f(1.0, output_subset=[]) == []
    assert total.get_value() == 3


def test_results_never_share_memory():
    v, s = T.dvector("v"), shared(np.zeros(2))
    f = function([v], [v, v, s, v * 2, v * 2], updates=[(s, v)])
    given = np.ones(2)
    results = f(given)
    held = [given, s.get_value(borrow=True), *results]
    assert not any(np.shares_memory(a, b) for k, a in enumerate(held) for b in held[:k])


# --- updates and givens ---


def test_updates_are_simultaneous():
    a, b = shared(1.0), shared(2.0)
    f = function([], [a, b], updates=[(a, b), (b, a)])
    assert f() == [1, 2] and numbers(a, b) == [2, 1]
    function([], updates={a: a + b, b: a - b})()
    assert numbers(a, b) == [3, 1]
    function([], updates=OrderedDict([(a, a + 1)]))()
    function([], updates=theano.OrderedUpdates([(a, a + 1)]))()
    assert numbers(a, b) == [5, 1]


def test_numbers_and_arrays_as_updates():
    a, w, n = shared(1.0), shared(np.zeros(2, "float32")), shared(3)
    function([], updates=[(a, 0), (w, [1, 2]), (n, 7)])()
    assert a.get_value() == 0 and w.get_value().tolist() == [1, 2] and n.get_value() == 7
    for target, value in [(n, 0.5), (a, None), (a, [1.0])]:
        with pytest.raises(TypeError):
            function([], updates=[(target, value)])


def test_every_wrong_update(x):
    a, n, v = shared(1.0), shared(1), T.dvector("v")
    for updates, error, words in [
        ([(a, a + 1), (a, a + 2)], ValueError, "already has an update"), ([(x, x + 1)], TypeError, "must be a SharedVariable"),
        ([(a, x, 3)], ValueError, "unpack"), ([(a,)], ValueError, "unpack"), (3, TypeError, "len"),
        ([(n, x)], TypeError, "An update must have the same type"), ([(a, v.sum() + v)], TypeError, "An update must have the same type"),
    ]:  # fmt: skip
        with pytest.raises(error, match=words):
            function([x, v], updates=updates, on_unused_input="ignore")
    with pytest.raises(TypeError, match="must inherit from SharedVariable"):
        theano.OrderedUpdates([(x, a)])
    with pytest.raises(KeyError, match="Collision"):
        theano.OrderedUpdates([(a, a + 1)]) + theano.OrderedUpdates([(a, a + 2)])


def test_a_row_takes_a_matrix_of_one_row_only():
    row, m = shared(np.zeros((1, 2)), broadcastable=(True, False)), T.dmatrix("m")
    f = function([m], updates=[(row, m)])
    f(np.ones((1, 2)))
    with pytest.raises(ValueError, match="supposed to be 1"):
        f(np.full((2, 2), 5.0))
    assert row.get_value().tolist() == [[1, 1]]


def test_givens_over_inputs_shared_variables_and_intermediates(x, y):
    a, v, m = shared(1.0), T.dvector("v"), T.dmatrix("m")
    square = x * x
    assert function([y], x * 2, givens={x: y + 1})(3.0) == 8
    assert function([y], a * 2, givens=[(a, y + 1)])(3.0) == 8
    assert function([y], square + 1, givens={square: y})(3.0) == 4
    assert function([], x * 2, givens={x: 3})() == 6 and function([], v * 2, givens={v: [1, 2]})().tolist() == [2, 4]
    assert function([y], x + v.sum(), givens=[(x, y), (v, T.stack([x, x]))])(2.0) == 6
    data, i = shared(np.arange(6.0).reshape(3, 2)), T.lscalar("i")
    assert function([i], m.sum(), givens={m: data[i : i + 1]})(1) == 5
    function([y], updates=[(a, x)], givens={x: y})(42.0)
    assert a.get_value() == 42
    narrow = T.constant(np.float32(2))
    assert function([], x + 0, givens={x: narrow}, rebuild_strict=False)() == 2
    for givens, error in [
        ({x: narrow}, TypeError), ({x: v}, TypeError), ({x: T.iscalar()}, TypeError), ([(x, y), (x, y)], AssertionError),
        ({"x": y}, TypeError), ({y: x}, RuntimeError), ({x: np.float32(3)}, TypeError),
    ]:  # fmt: skip
        with pytest.raises(error):
            function([y], x * 2 + y, givens=givens)


def test_default_updates(x):
    c, d = shared(0), shared(0)
    c.default_update = c + 1
    f = function([], c)
    assert [f(), f(), c.get_value()] == [0, 1, 2]
    for off in (True, [c]):
        assert function([], c, no_default_updates=off)() == 2 and c.get_value() == 2
    function([], c, updates=[(c, c + 10)])()
    assert c.get_value() == 12
    d.default_update = d + c
    function([], d)()
    assert [d.get_value(), c.get_value()] == [12, 13]
    for bad in ("a", [1]):
        with pytest.raises(TypeError):
            function([], c, no_default_updates=bad)
    with pytest.raises(TypeError, match="must have its type"):
        c.default_update = x


# --- copies and pickles ---


def test_copies(x):
    s, t, acc = shared(np.arange(3.0), name="s"), shared(np.ones(3)), T.dscalar("acc")
    f = function([x], s * x, updates=[(s, s + x)], name="orig")
    g = f.copy(name="other")
    g(1.0)
    assert s.get_value().tolist() == [1, 2, 3] and g.name == "other"
    g = f.copy(swap={s: t})
    assert g(2.0).tolist() == [2, 2, 2] and t.get_value().tolist() == [3, 3, 3] and s.get_value().tolist() == [1, 2, 3]
    f.copy(delete_updates=True)(2.0)
    f.copy(share_memory=True)(1.0)
    assert s.get_value().tolist() == [2, 3, 4]
    for swap in ({s: shared(1)}, {t: s}, {x: x}):
        with pytest.raises((TypeError, ValueError)):
            f.copy(swap=swap)
    h = function([x, In(acc, value=0.0, update=acc + x)], acc)
    h(1.0)
    again = h.copy()
    again(5.0)
    assert h[acc] == 1 and again[acc] == 6
    assert f.free() is None and f.get_shared() == [s]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles(x, protocol):
    s, acc = shared(np.arange(3.0), name="s"), T.dscalar("acc")
    f = function([x, In(acc, value=0.0, update=acc + x)], {"out": s * x + acc}, updates=[(s, s + x)], name="orig")
    f(1.0)
    g, kept = pickle.loads(pickle.dumps((f, s), protocol))
    assert g.name == "orig" and g(2.0)["out"].tolist() == [3, 5, 7]
    assert kept.get_value().tolist() == [3, 4, 5] and s.get_value().tolist() == [1, 2, 3] and f[acc] == 1
    other = copy.deepcopy(f)
    other(1.0)
    assert other.get_shared()[0] is not s and s.get_value().tolist() == [1, 2, 3]


def test_trust_input_and_profile(x):
    f = function([x], x * 2)
    f.trust_input = True
    assert f(np.asarray(2.0)) == 4
    g = function([x], x * 2, profile=theano.compile.ProfileStats(atexit_print=False))
    g(1.0), g(2.0)
    assert g.profile.fct_callcount == 2 and g.profile.fct_call_time > 0


def test_a_shared_variable_without_a_value_is_named():
    s = shared(np.ones(3), "weights")
    f = function([], s + 1)
    s.set_value(None)
    with pytest.raises(TypeError, match="weights.*holds None"):
        f()
    s.set_value(np.ones(3))
    assert f().tolist() == [2, 2, 2]
