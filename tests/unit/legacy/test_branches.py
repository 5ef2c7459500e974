"""Rewrites of ifelse that a program may add, and the small parts of compile."""

import logging

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import ifelse as ie
from theano.gof import FunctionGraph
from theano.ifelse import IfElse, ifelse


def applied(rule, out):
    found = rule.transform(out.owner)
    assert found
    return found[0] if isinstance(found, list) else found


def nodes(*outs):
    return [n for n in theano.gof.graph.io_toposort([], list(outs)) if isinstance(n.op, IfElse)]


def test_a_branch_in_a_branch_of_the_same_condition():
    c, a, b, d = T.iscalar("c"), T.dvector("a"), T.dvector("b"), T.dvector("d")
    values = {c: 1, a: np.array([1.0]), b: np.array([2.0]), d: np.array([3.0])}
    for rule, out in (
        (ie.cond_merge_ifs_true, ifelse(c, ifelse(c, a, b), d)),
        (ie.cond_merge_ifs_false, ifelse(c, a, ifelse(c, b, d))),
    ):
        new = applied(rule, out)
        assert len(nodes(out)) == 2 and len(nodes(new)) == 1
        for flag in (0, 1):
            given = {v: values[v] for v in (a, b, d)} | {c: flag}
            f, g = (theano.function([c, a, b, d], v, on_unused_input="ignore") for v in (out, new))
            assert f(*[given[v] for v in (c, a, b, d)]) == g(*[given[v] for v in (c, a, b, d)])
        assert not rule.transform(new.owner)


def test_identical_outputs_are_one():
    c, a, b = T.iscalar("c"), T.dvector("a"), T.dvector("b")
    first, second, third = ifelse(c, [a, a, b], [b, b, a])
    new = ie.cond_remove_identical.transform(first.owner)
    assert new[0] is new[1] and new[0].owner.op.n_outs == 2
    f = theano.function([c, a, b], new)
    assert [v.tolist() for v in f(1, [1.0], [2.0])] == [[1.0], [1.0], [2.0]]
    assert [v.tolist() for v in f(0, [1.0], [2.0])] == [[2.0], [2.0], [1.0]]


def test_equal_conditions_are_asked_once():
    c, a, b = T.iscalar("c"), T.dvector("a"), T.dvector("b")
    g = FunctionGraph([c, a, b], [ifelse(c, a, b), ifelse(c, T.exp(a), b) + ifelse(c, b, a)], clone=False)
    ie.CondMerge().optimize(g)
    assert len([n for n in g.toposort() if isinstance(n.op, IfElse)]) == 1
    g.check_integrity()
    f = theano.function([c, a, b], g.outputs)
    assert [v.tolist() for v in f(1, [0.0], [2.0])] == [[0.0], [3.0]]
    assert [v.tolist() for v in f(0, [0.0], [2.0])] == [[2.0], [2.0]]


def test_ops_are_taken_apart_in_branches():
    c, a, b = T.iscalar("c"), T.dvector("a"), T.dvector("b")
    out = ifelse(c, T.exp(ifelse(c, a, b)), b)
    new = applied(ie.ifelse_lift_single_if_through_acceptable_ops, out)
    assert len(nodes(new)) == 1
    assert theano.function([c, a, b], new)(1, [0.0], [5.0]).tolist() == [1.0]


def test_raise_raises_only_where_it_is_needed():
    x, c = T.dvector("x"), T.iscalar("c")
    refuse = theano.raise_op.Raise("not here", ValueError)
    f = theano.function([c, x], ifelse(c, refuse(x), x))
    assert f(0, [1.0]).tolist() == [1.0]
    with pytest.raises(ValueError, match="not here"):
        f(1, [1.0])
    assert refuse == theano.raise_op.Raise("not here", ValueError) != theano.raise_op.Raise("other")


def test_optimizers_of_modes(capsys):
    from theano.compile.mode import AddDestroyHandler, PrintCurrentFunctionGraph

    x = T.dvector("x")
    g = FunctionGraph([x], [T.exp(x)])
    AddDestroyHandler().optimize(g)
    assert g.destroyers(g.outputs[0]) == []
    PrintCurrentFunctionGraph("here").optimize(g)
    assert "here" in capsys.readouterr().out
    op = theano.OpFromGraph([x], [T.exp(x) + 1], inline=True)
    y = T.dvector("y")
    (expanded,) = theano.compile.inline_ofg_expansion.transform(op(y).owner)
    assert "exp" in theano.pp(expanded)
    assert not theano.compile.inline_ofg_expansion.transform(theano.OpFromGraph([x], [x * 2])(y).owner)


def test_small_parts():
    from theano.compile import debugmode, ops
    from theano.gradient import mode_not_slow

    assert [debugmode.char_from_number(n) for n in (0, 25, 26, 27)] == ["A", "Z", "BA", "BB"]
    assert ops.shape_i_op(1) is ops.shape_i_op(1) and ops.shape_i_op(1).i == 1
    assert mode_not_slow("DebugMode").linker == theano.compile.mode.FAST_RUN.linker
    assert mode_not_slow("FAST_COMPILE") == theano.compile.mode.FAST_COMPILE
    x = T.dvector("x")
    assert debugmode.check_eq(x, np.array([1.0]), np.array([1.0 + 1e-12])) and not debugmode.check_eq(
        x, np.ones(1), np.zeros(1)
    )
    record = logging.LogRecord("a", 30, "f", 1, "Optimization Warning: once", (), None)
    once = debugmode.NoDuplicateOptWarningFilter()
    assert once.filter(record) and not once.filter(record)
