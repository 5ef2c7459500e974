"""DebugMode names the rule that broke a value, refuses rewriting that changes from time to time, and outputs that share memory."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile import debugmode
from theano.gof import EquilibriumDB, local_optimizer


class Doubled(theano.gof.Op):
    """Says that it adds; its sum is too large."""

    __props__ = ()

    def make_node(self, a, b):
        return theano.gof.Apply(self, [a, b], [a.type()])

    def perform(self, node, inputs, storage):
        storage[0][0] = inputs[0] + inputs[1] + 0.5


def mode_of(rule, **options):
    rules = EquilibriumDB()
    rules.register(rule.__name__, rule, "all")
    return debugmode.DebugMode(optimizer=rules.query("+all"), **options)


def a_sum(rule, **options):
    a, b = T.dvector("a"), T.dvector("b")
    return theano.function([a, b], a + b, mode=mode_of(rule, **options))


def test_the_rule_that_changes_a_value_is_named():
    @local_optimizer([T.add])
    def wrong_sum(node):
        return [Doubled()(*node.inputs)] if node.op == T.add else False

    with pytest.raises(debugmode.BadOptimization, match="wrong_sum") as caught:
        a_sum(wrong_sum)([1.0, 2], [3.0, 4])
    assert str(caught.value.reason) == "wrong_sum" and caught.value.new_r.owner.op == Doubled()


def test_a_rule_that_brings_an_error_about_is_named():
    @local_optimizer([T.add])
    def longer_operand(node):
        x, y = node.inputs
        return [T.add(x, T.concatenate([y, y]))] if node.op == T.add and y.owner is None else False

    with pytest.raises(ValueError, match="longer_operand"):
        a_sum(longer_operand)([1.0, 2, 3], [3.0, 4, 5])


def test_an_error_of_the_program_names_no_rule():
    a, b = T.dvector("a"), T.dvector("b")
    f = theano.function([a, b], a + b, mode="DebugMode")
    with pytest.raises(ValueError) as caught:
        f([1.0, 2, 3], [1.0, 2])
    assert "rewriting rule" not in str(caught.value)


def test_rewriting_that_changes_from_time_to_time_is_refused():
    turns = [False]

    @local_optimizer([T.add])
    def now_and_then(node):
        turns[0] = not turns[0]
        return [Doubled()(*node.inputs)] if turns[0] and node.op == T.add else False

    with pytest.raises(debugmode.StochasticOrder, match="Doubled"):
        a_sum(now_and_then, stability_patience=4)


def test_a_replacement_of_another_type_is_a_bad_optimization():
    @local_optimizer([T.add])
    def other_dtype(node):
        return [node.outputs[0].astype("float32")] if node.op == T.add else False

    with (
        theano.change_flags(on_opt_error="raise"),
        pytest.raises(theano.gof.toolbox.BadOptimization, match="other_dtype"),
    ):
        a_sum(other_dtype)


class Pair(theano.gof.Op):
    """Two outputs that are parts of one array."""

    __props__ = ()

    def make_node(self, a):
        return theano.gof.Apply(self, [a], [a.type(), a.type()])

    def perform(self, node, inputs, storage):
        whole = inputs[0] * 1
        storage[0][0], storage[1][0] = whole[:-1], whole[1:]


def test_outputs_that_share_memory_are_refused_where_nodes_read_both():
    x = T.dvector("x")
    first, second = Pair()(x)
    with pytest.raises(debugmode.BadViewMap, match=r"outputs \[0\]"):
        theano.function([x], first * 2 + second * 2, mode="DEBUG_MODE")([1.0, 2, 3])
    np.testing.assert_array_equal(theano.function([x], first * 2, mode="DEBUG_MODE")([1.0, 2, 3]), [2, 4])


def test_the_predefined_mode_can_be_changed():
    mode = theano.compile.mode.predefined_modes["DEBUG_MODE"]
    x = T.dvector("x")
    kept = mode.check_isfinite
    mode.check_isfinite = True
    try:
        with pytest.raises(debugmode.InvalidValueError):
            theano.function([x], T.log(x), mode="DEBUG_MODE")([0.0])
    finally:
        mode.check_isfinite = kept
