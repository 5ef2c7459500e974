"""Ops that users write: every method of the protocol, and what each mistake says."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gradient import DisconnectedInputError, NullTypeGradError, grad_not_implemented, grad_undefined


class Double(theano.Op):
    __props__ = ()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0] * 2

    def infer_shape(self, node, shapes):
        return [shapes[0]]

    def grad(self, inputs, gradients):
        return [gradients[0] * 2]

    def R_op(self, inputs, eval_points):
        return [None if eval_points[0] is None else eval_points[0] * 2]


class Mixed(theano.Op):
    """a x + b y, by itypes and otypes."""

    __props__ = ("a", "b")
    itypes, otypes = [T.dvector, T.dscalar], [T.dvector]

    def __init__(self, a, b=2):
        self.a, self.b = a, b

    def perform(self, node, inputs, output_storage):
        output_storage[0][0] = inputs[0] * self.a + inputs[1] * self.b

    def L_op(self, inputs, outputs, gradients):
        return [gradients[0] * self.a, (gradients[0] * self.b).sum()]


class Two(theano.Op):
    __props__ = ()

    def make_node(self, a, b):
        a, b = map(T.as_tensor_variable, (a, b))
        return theano.Apply(self, [a, b], [a.type(), b.type()])

    def perform(self, node, inputs, output_storage):
        output_storage[0][0], output_storage[1][0] = inputs[0] + 1, inputs[1] * 3

    def connection_pattern(self, node):
        return [[True, False], [False, True]]

    def grad(self, inputs, gradients):
        return [gradients[0], gradients[1] * 3]


x, v, m = T.dscalar("x"), T.dvector("v"), T.dmatrix("m")
data = {v: [1.0, 2.0]}


def test_values_shapes_and_derivatives():
    z = Double()(v)
    assert Double() == Double() and hash(Double()) == hash(Double()) and str(z) == "Double.0"
    assert z.eval(data).tolist() == [2, 4] and z.shape.eval(data).tolist() == [2]
    assert T.grad((z**2).sum(), v).eval(data).tolist() == [8, 16]
    assert T.Rop(z, v, T.ones_like(v)).eval(data).tolist() == T.Lop(z, v, T.ones_like(v)).eval(data).tolist() == [2, 2]
    T.verify_grad(Double(), [np.ones(3)], rng=np.random.RandomState(0))


def test_props_itypes_and_otypes():
    op = Mixed(3)
    assert str(op) == "Mixed{a=3, b=2}" and op == Mixed(3) != Mixed(4)
    assert op(v, x).eval({**data, x: 1.0}).tolist() == [5, 8]
    gradients = T.grad(op(v, x).sum(), [v, x])
    assert [g.eval({**data, x: 1.0}).tolist() for g in gradients] == [[3, 3], 4]
    with pytest.raises(TypeError, match="matrix"):
        op(m, x)
    with pytest.raises(ValueError, match="expected 2 inputs but got 1"):
        op(v)


def test_as_op():
    @theano.as_op(itypes=[T.dmatrix, T.dmatrix], otypes=[T.dmatrix])
    def numpy_dot(a, b):
        return np.dot(a, b)

    assert numpy_dot(m, m).eval({m: np.eye(2)}).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(NullTypeGradError, match="not implemented"):
        T.grad(numpy_dot(m, m).sum(), m)
    plus = theano.as_op(itypes=[T.dvector], otypes=[T.dvector], infer_shape=lambda node, shapes: shapes)(
        lambda a: a + 1
    )
    assert plus(v).shape.eval(data).tolist() == [2]


def test_connection_pattern_and_disconnected_inputs():
    a, b = Two()(v, x)
    assert T.grad(b, x).eval({v: [1.0], x: 1.0}) == 3
    with pytest.raises(DisconnectedInputError, match="x, TensorType"):
        T.grad(a.sum(), x)
    assert T.grad(a.sum(), x, disconnected_inputs="ignore").eval({x: 1.0}) == 0
    with pytest.warns(UserWarning, match="not part of the computational graph"):
        T.grad(a.sum(), x, disconnected_inputs="warn")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (lambda op, i, g: [grad_undefined(op, 0, i[0], "no slope")], NullTypeGradError, "no slope"),
        (lambda op, i, g: [grad_not_implemented(op, 0, i[0], "later")], NullTypeGradError, "later"),
        (lambda op, i, g: [g[0], g[0]], ValueError, "wrong number of gradient terms: 2 for 1"),
        (lambda op, i, g: [g[0].sum()], ValueError, "0 dimensions for input 0, which has 1"),
        (lambda op, i, g: g[0], TypeError, "no len"),
    ],
)
def test_gradients_that_cannot_be(answer, error, words):
    class Op(Double):
        def grad(self, inputs, gradients):
            return answer(self, inputs, gradients)

    with pytest.raises(error, match=words):
        T.grad(Op()(v).sum(), v)


def test_null_gradients_may_be_returned():
    class Op(Double):
        def grad(self, inputs, gradients):
            return [grad_undefined(self, 0, inputs[0], "no slope")]

    assert type(T.grad(Op()(v).sum(), v, null_gradients="return").type).__name__ == "NullType"


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_an_error_in_perform_names_node_and_line(mode):
    class Op(Double):
        def perform(self, node, inputs, output_storage):
            raise ValueError("boom")

    f = theano.function([v], Op()(v) + 1, mode=mode)  # the line
    with pytest.raises(ValueError, match=r"(?s)^boom\n.*Op\(v\)\n.*test_user_ops.py.*the line\n.*shape \(1,\)"):
        f([1.0])


def test_a_keyerror_keeps_its_key_and_gets_a_note():
    class Op(Double):
        def perform(self, node, inputs, output_storage):
            raise KeyError("boom")

    with pytest.raises(KeyError) as caught:
        theano.function([v], Op()(v) + 1)([1.0])
    assert caught.value.args == ("boom",) and "Op(v)" in caught.value.__notes__[0]


def test_a_wrong_result_of_perform_is_named():
    class Flat(Double):
        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = np.zeros((2, 2))

    class Empty(Double):
        def perform(self, node, inputs, output_storage):
            pass

    with pytest.raises(TypeError, match=r"(?s)2 dimensions where its output has 1.*Flat\(v\)"):
        theano.function([v], Flat()(v) + 1)([1.0])
    with pytest.raises(TypeError, match=r"(?s)left an output empty.*Empty\(v\)"):
        theano.function([v], Empty()(v) + 1)([1.0])


def test_views_and_overwritten_inputs():
    class View(Double):
        view_map = {0: [0]}

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0][::-1]

    class Inplace(Double):
        destroy_map = {0: [0]}

        def perform(self, node, inputs, output_storage):
            inputs[0][...] *= 5
            output_storage[0][0] = inputs[0]

    turned, same = theano.function([v], [View()(v), v])([1.0, 2.0])
    assert turned.tolist() == [2, 1] and same.tolist() == [1, 2]
    given, s = np.ones(2), theano.shared(np.ones(2))
    assert theano.function([v], Inplace()(v) + v)(given).tolist() == [6, 6] and given.tolist() == [1, 1]
    assert theano.function([], Inplace()(s) + s)().tolist() == [6, 6] and s.get_value().tolist() == [1, 1]


def test_test_values_show_mistakes_where_they_are_made():
    a, b = T.dmatrix("a"), T.dvector("b")
    a.tag.test_value, b.tag.test_value = np.ones((2, 2)), np.ones(3)
    with theano.change_flags(compute_test_value="raise"):
        assert Double()(a).tag.test_value.tolist() == [[2, 2], [2, 2]]
        assert T.exp(b + theano.shared(1.0)).tag.test_value.shape == (3,)
        with pytest.raises(ValueError, match="not aligned"):
            T.dot(a, b)
        with pytest.raises(ValueError, match="input 0 .v. of Op Double.v. missing default value"):
            Double()(v)
        theano.function([a], T.nnet.softmax(a))(np.ones((1, 2)))  # compiling asks for none
        b.tag.test_value = "text"
        with pytest.raises(ValueError) as caught:
            Double()(b)
        assert "test value of b is no value of its type" in caught.value.__notes__[0]
    with theano.change_flags(compute_test_value="warn"), pytest.warns(UserWarning, match="missing default value"):
        Double()(v)
    assert not hasattr(Double()(a).tag, "test_value")


class Plain(theano.gof.Type):
    """The least that a type has to define."""

    def filter(self, data):
        if not isinstance(data, str):
            raise TypeError("a text is wanted")
        return data

    def __eq__(self, other):
        return isinstance(other, Plain)

    def __hash__(self):
        return hash(Plain)


class Shout(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [Plain()()])

    def make_thunk(self, node, storage_map, compute_map, no_recycling):  # Theano before 1.0 had no impl
        (x,), (y,) = [storage_map[v] for v in node.inputs], [storage_map[v] for v in node.outputs]

        def thunk():
            y[0] = x[0].upper()

        thunk.lazy = False
        return thunk


def test_a_type_whose_filter_takes_the_value_alone():
    x = Plain()()
    f = theano.function([x], Shout()(x))
    assert f("aloud") == "ALOUD"
    with pytest.raises(TypeError, match="a text is wanted"):
        f(5)


@theano.as_op(itypes=[T.dvector], otypes=[T.dvector])
def doubled(x):
    return x * 2


def test_an_op_made_by_a_decorator_is_pickled_by_its_name():
    again = pickle.loads(pickle.dumps(doubled))
    assert again is doubled
    f = pickle.loads(pickle.dumps(theano.function([x := T.dvector()], doubled(x))))
    np.testing.assert_array_equal(f([1.0, 2.0]), [2.0, 4.0])


def test_a_replacement_that_the_graph_refuses_is_told_of():
    class In(theano.Op):
        __props__ = ("inplace",)

        def __init__(self, inplace):
            self.inplace = inplace
            if inplace:
                self.destroy_map = {0: [0]}

        def make_node(self, x, y):
            return theano.Apply(self, [x, y], [x.type()])

    x, y = T.dvector("x"), T.dvector("y")
    graph = theano.gof.FunctionGraph([x, y], [In(False)(x, y) + In(False)(x, x + y)], clone=False)
    graph.attach_feature(theano.gof.destroyhandler.DestroyHandler())
    graph.attach_feature(theano.gof.toolbox.ReplaceValidate())
    failures = []
    theano.gof.opt.TopoOptimizer(
        theano.gof.opt.OpSub(In(False), In(True)),
        ignore_newtrees=True,
        failure_callback=lambda error, *rest: failures.append(error),
    ).optimize(graph)
    assert len(failures) == 1 and isinstance(failures[0], theano.gof.InconsistencyError)
    graph.validate()
    assert sum(node.op == In(True) for node in graph.apply_nodes) == 1
