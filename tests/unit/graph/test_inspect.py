"""What graphs are asked: texts, connections, variables made, names."""

import pytest

import theano
import theano.tensor as T
from theano.gof import graph
from theano.gof.utils import give_variables_names


class F(theano.Op):
    def __init__(self, name):
        self.name = name

    def make_node(self, *inputs):
        return theano.Apply(self, list(inputs), [T.dscalar(), T.dscalar()] if self.name == "two" else [T.dscalar()])

    def __str__(self):
        return self.name


def test_as_string_writes_a_node_once():
    x, y = T.dscalar("x"), T.dscalar("y")
    a = F("f")(x, y)
    assert graph.as_string([x, y], [a]) == ["f(x, y)"]
    assert graph.as_string([x, y], [F("g")(a, a)]) == ["g(*1 -> f(x, y), *1)"]
    assert graph.as_string([a, y], [F("g")(a, y)], leaf_formatter=lambda v: "?") == ["g(?, ?)"]
    p, q = F("two")(x)
    assert graph.as_string([x], [F("h")(p, q)]) == ["h(*1 -> two(x), *1::1)"]
    assert graph.op_as_string([x, y], F("g")(a, y).owner) == "g(f(x, y), y)"
    assert graph.as_string([x], [a], node_formatter=lambda node, args: f"<{node.op} {args}>") == ["<f ['x', 'y']>"]


def test_as_string_of_a_deep_graph():
    x = v = T.dscalar("x")
    for _ in range(5_000):
        v = F("f")(v)
    (text,) = graph.as_string([x], [v])
    assert text.count("f(") == 5_000


def test_ops_and_ancestors():
    x, y = T.dscalar("x"), T.dscalar("y")
    a = F("f")(x)
    b = F("g")(a, y)
    assert graph.ops([x], [b]) == {a.owner, b.owner} and graph.ops([a], [b]) == {b.owner}
    assert graph.is_in_ancestors(b.owner, a.owner) and not graph.is_in_ancestors(a.owner, b.owner)
    assert graph.is_same_graph_with_merge(F("f")(x), a) is False  # these ops compare by identity
    assert graph.is_same_graph_with_merge(T.exp(x), T.exp(y), {x: y})


def test_connections_go_through_the_ops():
    x, y, i = T.dvector("x"), T.dvector("y"), T.lscalar("i")
    outputs = [x.shape[0] * y, x[:i], T.shape(x)[0] * y]
    assert graph.io_connection_pattern([x, y], outputs) == [[False, True, False], [True, False, True]]


def test_variables_made_are_collected():
    x = T.dscalar("x")
    with graph.nodes_constructed() as made, graph.nodes_constructed() as also:
        y = x + 1
    z = T.exp(y)
    assert y in made and made == also and z not in made
    with pytest.raises(RuntimeError), graph.nodes_constructed():
        raise RuntimeError
    assert theano.Variable.construction_observers == []


def test_names_become_unique():
    a, b, c, d = T.dscalar("a"), T.dscalar("x"), T.dscalar("x"), T.dscalar()
    assert give_variables_names([a, b, c, d]) == [a, b, c, d]
    assert [v.name for v in (a, b, c, d)] == ["a", "x_0", "x_1", "_2"]


def test_the_old_names_of_base_classes_are_the_real_ones():
    from theano.gof.op import CLinkerOp, PureOp
    from theano.gof.type import CLinkerType, PureType
    from theano.gof.utils import MetaObject, object2

    x = T.dscalar("x")
    op = T.exp(x).owner.op
    assert isinstance(op, PureOp) and isinstance(op, CLinkerOp) and isinstance(op, object2)
    assert isinstance(x.type, PureType) and isinstance(x.type, CLinkerType) and isinstance(x, object2)
    assert isinstance(type(op), MetaObject)
    with pytest.raises(theano.gof.MethodNotDefined):
        op.c_headers()
    assert op.c_code_cache_version() == ()

    class Unit(theano.gof.Type):
        __props__ = ("name",)

        def __init__(self, name):
            self.name = name

    assert Unit("m") == Unit("m") != Unit("s") and len({Unit("m"), Unit("m")}) == 1
