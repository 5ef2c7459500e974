"""Features hear of every change of a graph, and can refuse and undo changes."""

import copy
import pickle

import pytest

import theano
import theano.tensor as T
from theano.gof import DestroyHandler, FunctionGraph, InconsistencyError, Op
from theano.gof.graph import Apply
from theano.gof.toolbox import (
    AlreadyThere,
    Bookkeeper,
    Feature,
    History,
    NodeFinder,
    NoOutputFromInplace,
    PreserveNames,
    PreserveVariableAttributes,
    PrintListener,
    ReplacementDidntRemovedError,
    ReplaceValidate,
    Validator,
)


class Recorder(Bookkeeper):
    def __init__(self):
        self.events = []

    def on_import(self, fgraph, node, reason):
        self.events.append(("import", str(node.op), reason))

    def on_prune(self, fgraph, node, reason):
        self.events.append(("prune", str(node.op), reason))

    def on_change_input(self, fgraph, node, i, r, new_r, reason=None):
        self.events.append(("change", node if node == "output" else str(node.op), i, reason))


def graph(*features):
    x, y = T.dvector("x"), T.dvector("y")
    g = FunctionGraph([x, y], [T.exp(x + y)], clone=False)
    for feature in features:
        g.attach_feature(feature)
    return x, y, g


def test_a_feature_hears_of_nodes_that_come_and_go():
    recorder = Recorder()
    x, y, g = graph(recorder)
    assert [e[0] for e in recorder.events] == ["import", "import"] and recorder.events[0][2] == "on_attach"
    recorder.events.clear()
    total = g.outputs[0].owner.inputs[0]
    g.replace(total, x * y, reason="try")
    assert recorder.events[0] == ("import", str((x * y).owner.op), "try")
    assert recorder.events[1][0] == "change" and recorder.events[1][2:] == (0, "try")
    assert recorder.events[2][0] == "prune"
    recorder.events.clear()
    g.remove_feature(recorder)
    assert [e[0] for e in recorder.events] == ["prune", "prune"]
    g.replace(g.outputs[0], x, reason="unheard")
    assert len(recorder.events) == 2


def test_a_feature_that_is_already_there_is_left_out():
    class Once(Feature):
        def on_attach(self, fgraph):
            raise AlreadyThere

    _, _, g = graph(Once())
    assert g._features == []
    first = ReplaceValidate()
    g.attach_feature(first)
    g.attach_feature(first)
    g.attach_feature(ReplaceValidate())
    assert g._features == [first]


def test_history_goes_back():
    x, y, g = graph(History())
    before = theano.gof.graph.as_string(g.inputs, g.outputs)
    mark = g.checkpoint()
    g.replace(g.outputs[0].owner.inputs[0], x * y)
    middle = g.checkpoint()
    g.replace(g.outputs[0], T.log(x))
    assert theano.gof.graph.as_string(g.inputs, g.outputs) != before
    g.revert(middle)
    assert "mul" in str(g.outputs[0].owner.inputs[0])
    g.revert(mark)
    assert theano.gof.graph.as_string(g.inputs, g.outputs) == before
    g.check_integrity()


class NoLog(Feature):
    def validate(self, fgraph):
        if any("log" in str(n.op) for n in fgraph.apply_nodes):
            raise InconsistencyError("a logarithm")


def test_validator_asks_the_features():
    x, _, g = graph(Validator(), NoLog())
    assert g.consistent()
    g.replace(g.outputs[0], T.log(x))
    assert not g.consistent()
    with pytest.raises(InconsistencyError, match="a logarithm"):
        g.validate()


def test_a_refused_replacement_is_undone():
    x, y, g = graph(ReplaceValidate(), NoLog())
    out, total = g.outputs[0], g.outputs[0].owner.inputs[0]
    with pytest.raises(InconsistencyError):
        g.replace_all_validate([(total, x - y), (out, T.log(x))], reason="no")
    assert g.outputs == [out] and out.owner.inputs == [total]
    g.replace_validate(total, x - y, reason="yes")
    assert "sub" in str(g.outputs[0].owner.inputs[0])
    g.check_integrity()


def test_a_replacement_that_leaves_the_node_is_undone():
    x, y, g = graph(ReplaceValidate())
    out = g.outputs[0]
    with pytest.warns(UserWarning, match="was undone"), pytest.raises(ReplacementDidntRemovedError):
        g.replace_all_validate_remove([(out, out * 2)], [out.owner], reason="doubling")
    assert g.outputs == [out]
    g.replace_all_validate_remove([(out, x * 2)], [out.owner])
    assert out.owner not in g.apply_nodes


def test_node_finder_knows_the_nodes_of_an_op():
    x, y, g = graph(NodeFinder())
    add, exp = (x + y).owner.op, T.exp(x).owner.op
    assert [n.op for n in g.get_nodes(add)] == [add] and len(g.get_nodes(exp)) == 1
    g.replace(g.outputs[0], x + g.outputs[0].owner.inputs[0])
    assert len(g.get_nodes(add)) == 2 and g.get_nodes(exp) == []
    with pytest.raises(Exception, match="can only serve one"):
        graph(g._features[0])


def test_names_are_kept():
    x, y, g = graph(PreserveNames())
    g.outputs[0].name = "kept"
    g.replace(g.outputs[0], x * y)
    assert g.outputs[0].name == "kept"
    x, y, g = graph(PreserveVariableAttributes())
    g.outputs[0].tag.nan_guard_mode_check = False
    g.replace(g.outputs[0], x * y)
    assert g.outputs[0].tag.nan_guard_mode_check is False


def test_print_listener_tells_each_event(capsys):
    x, y, g = graph(PrintListener())
    g.replace(g.outputs[0], x * y, reason="because")
    g.remove_feature(g._features[0])
    text = capsys.readouterr().out
    for words in ("attaching to", "importing", "because", "changing", "pruning", "detaching from"):
        assert words in text
    graph(PrintListener(active=False))
    assert capsys.readouterr().out == ""


def test_a_graph_with_features_is_pickled_and_copied():
    for again in (lambda g: pickle.loads(pickle.dumps(g)), copy.deepcopy):
        _, _, g = graph(ReplaceValidate(), NodeFinder(), NoLog())
        new = again(g)
        assert len(new._features) == 3
        out = new.outputs[0]
        with pytest.raises(InconsistencyError):
            new.replace_validate(out, T.log(new.inputs[0]))
        assert new.outputs == [out] and new.consistent()


class Overwrite(Op):
    """Doubles its first input in place."""

    __props__ = ()
    destroy_map = {0: [0]}

    def make_node(self, x, *more):
        return Apply(self, [x, *more], [x.type()])

    def perform(self, node, inputs, outputs):
        inputs[0][...] *= 2
        outputs[0][0] = inputs[0]


class View(Op):
    """Its input."""

    __props__ = ()
    view_map = {0: [0]}

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0]


def watched(inputs, outputs):
    g = FunctionGraph(inputs, outputs, clone=False)
    g.attach_feature(DestroyHandler())
    g.attach_feature(ReplaceValidate())
    return g


def test_readers_come_before_what_overwrites():
    x = T.dvector("x")
    fresh = x + 1
    twice = Overwrite()(fresh)
    seen = T.exp(View()(fresh))
    g = watched([x], [twice + seen])
    assert g.consistent()
    order = g.toposort()
    assert order.index(seen.owner) < order.index(twice.owner)
    assert g.destroyers(fresh) == [twice.owner] == g.destroyers(seen.owner.inputs[0])
    assert g.has_destroyers([fresh]) and not g.has_destroyers([seen])


def test_a_reader_that_needs_the_overwritten_is_refused():
    x = T.dvector("x")
    fresh = x + 1
    twice = Overwrite()(fresh)
    g = watched([x], [twice * fresh])
    with pytest.raises(InconsistencyError, match="cycle"):  # the product reads what it needs overwritten
        g.validate()
    g = watched([x], [Overwrite()(fresh) * T.exp(fresh)])
    assert g.consistent()


def test_two_that_overwrite_the_same_are_refused():
    x = T.dvector("x")
    fresh = x + 1
    g = watched([x], [Overwrite()(fresh) + Overwrite()(View()(fresh), x)])
    with pytest.raises(InconsistencyError, match="Multiple destroyers"):
        g.validate()


def test_constants_and_indestructible_variables_are_not_overwritten():
    x = T.dvector("x")
    with pytest.raises(InconsistencyError, match="indestructible"):
        watched([], [Overwrite()(T.constant([1.0, 2.0]))]).validate()
    x.tag.indestructible = True
    with pytest.raises(InconsistencyError, match="indestructible"):
        watched([x], [Overwrite()(x)]).validate()


def test_an_output_is_not_overwritten():
    x = T.dvector("x")
    fresh = x + 1
    with pytest.raises(InconsistencyError, match="output"):
        watched([x], [Overwrite()(fresh), View()(fresh)]).validate()


def test_the_same_memory_twice_needs_the_ops_word():
    x = T.dvector("x")
    fresh = x + 1

    class Tolerant(Overwrite):
        destroyhandler_tolerate_same = [(0, 1)]

    assert not watched([x], [Overwrite()(fresh, fresh)]).consistent()
    assert watched([x], [Tolerant()(fresh, fresh)]).consistent()
    assert not watched([x], [Tolerant()(fresh, View()(fresh))]).consistent()


def test_supervisor_protects():
    x = T.dvector("x")
    g = watched([x], [Overwrite()(x)])
    assert g.consistent()
    g.attach_feature(theano.compile.Supervisor([x]))
    with pytest.raises(InconsistencyError, match="protected"):
        g.validate()


def test_no_output_from_inplace():
    x = T.dvector("x")
    g = FunctionGraph([x], [Overwrite()(x + 1), x * 2], clone=False)
    g.attach_feature(Validator())
    g.attach_feature(NoOutputFromInplace(1))
    assert g.consistent()
    g.attach_feature(NoOutputFromInplace())
    assert not g.consistent()


def test_what_replaces_in_place_is_undone_where_it_would_lose_a_value():
    x = T.dvector("x")
    fresh = x + 1
    doubled, square = fresh * 2, T.sqr(fresh)
    g = watched([x], [doubled + T.exp(doubled) + square])
    g.replace_validate(doubled, Overwrite()(fresh), reason="in place")  # square can be computed first
    assert g.consistent()
    with pytest.raises(InconsistencyError):
        g.replace_validate(square, Overwrite()(fresh), reason="also in place")
    assert square in g.variables and g.consistent()
    g.check_integrity()
