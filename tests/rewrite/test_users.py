"""Rewrites of users: local optimizers, patterns, global optimizers, databases, at every stage and on their own."""

import contextlib

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gof
from theano.compile.mode import FAST_RUN, Mode, optdb
from theano.gof.graph import Constant
from theano.gof.opt import (
    EquilibriumOptimizer,
    FromFunctionOptimizer,
    LocalOptGroup,
    MergeOptimizer,
    OpKeyOptimizer,
    OpRemove,
    OpSub,
    PatternSub,
    SeqOptimizer,
    TopoOptimizer,
    check_chain,
    check_stack_trace,
    copy_stack_trace,
    in2out,
    inherit_stack_trace,
    is_same_graph_with_merge,
    merge_dict,
    out2in,
    pre_constant_merge,
    pre_greedy_local_optimizer,
)  # fmt: skip
from theano.gof.optdb import DB, EquilibriumDB, LocalGroupDB, ProxyDB, Query, SequenceDB, TopoDB
from theano.gof.toolbox import ReplaceValidate
from theano.gof.unify import FreeVariable, NotVariable, OrVariable, Unification, Var, unify, unify_build, unify_walk
from theano.tensor import opt as tensor_opt

x, y = T.dvectors("x", "y")


def ops(f):
    graph = getattr(f, "maker", None)
    nodes = (graph.fgraph if graph is not None else f).toposort()
    return [node.op.scalar_op.name if hasattr(node.op, "scalar_op") else str(node.op) for node in nodes]


@gof.local_optimizer([T.tanh])
def tanh_twice(node):
    """tanh(tanh(x)) is taken for sin(x), which nobody else does."""
    inner = node.inputs[0].owner
    if inner is None or inner.op != T.tanh:
        return False
    return [T.sin(inner.inputs[0])]


@contextlib.contextmanager
def registered(register, *args, name="users_rule", **kwargs):
    """Register a rewrite for a while."""
    register(*args, name=name, **kwargs)
    groups = [optdb, tensor_opt.register_useless, *(optdb[g] for g in ("canonicalize", "stabilize", "specialize"))]
    try:
        yield
    finally:
        for db in (*groups, optdb["uncanonicalize"], optdb["specialize_device"], theano.compile.mode.local_useless):
            names = getattr(db, "_names", {})
            if name in names:
                obj = names.pop(name)
                for found in db._tags.values():
                    found.pop(obj, None)
                db._tags.pop(name, None)
                db.version += 1


@pytest.mark.parametrize(
    "stage", ["canonicalize", "stabilize", "specialize", "uncanonicalize", "specialize_device", "useless"]
)
def test_a_registered_rule_runs_at_its_stage_and_can_be_left_out_by_name(stage):
    register = getattr(tensor_opt, f"register_{stage}")
    with registered(register, tanh_twice):
        assert ops(theano.function([x], T.tanh(T.tanh(x)))) == ["sin"]
        assert ops(theano.function([x], T.tanh(T.tanh(x)), mode=FAST_RUN.excluding("users_rule"))) == ["tanh", "tanh"]
    assert ops(theano.function([x], T.tanh(T.tanh(x)))) == ["tanh", "tanh"]


def test_a_rule_registered_with_tags_runs_where_these_are_asked_for():
    with registered(lambda o, name: optdb["canonicalize"].register(name, o, "mine"), tanh_twice):
        assert ops(theano.function([x], T.tanh(T.tanh(x)))) == ["tanh", "tanh"]
        assert ops(theano.function([x], T.tanh(T.tanh(x)), mode=FAST_RUN.including("mine"))) == ["sin"]


def test_a_global_optimizer_stands_at_its_position():
    order = []

    def seen(name):
        @gof.optimizer
        def look(fgraph):
            order.append((name, ops(fgraph)))

        return look

    early, late = seen("early"), seen("late")
    optdb.register("early", early, 0.5, "fast_run")
    optdb.register("late", late, 90, "fast_run")
    try:
        theano.function([x], T.log(1 + x))
    finally:
        for name in ("early", "late"):
            obj = optdb._names.pop(name)
            optdb._positions.pop(name)
            for found in optdb._tags.values():
                found.pop(obj, None)
            optdb._tags.pop(name)
            optdb.version += 1
    assert [name for name, _ in order] == ["early", "late"]
    assert "log" in order[0][1] and order[1][1] == ["log1p"]


def test_a_rewrite_may_put_in_an_op_that_has_only_python():
    @theano.compile.ops.as_op([T.dvector], [T.dvector])
    def reversed_op(v):
        return v[::-1].copy()

    @gof.local_optimizer([T.tanh])
    def to_python(node):
        return [reversed_op(node.inputs[0])]

    f = theano.function([x], T.exp(T.tanh(x) + 1).sum() + x, mode=FAST_RUN.register((in2out(to_python), 48)))
    value = np.arange(3.0)
    np.testing.assert_allclose(f(value), np.exp(value[::-1] + 1).sum() + value)


# --- patterns ---------------------------------------------------------------------------------------------------------


def applied(opt, output, inputs=(x, y)):
    fgraph = gof.FunctionGraph(list(inputs), [output])
    opt.optimize(fgraph)
    return fgraph


def test_pattern_with_one_name_twice():
    pattern = PatternSub((T.add, "a", "a"), (T.mul, "a", "a"), name="twice")
    assert ops(applied(in2out(pattern), T.exp(x) + T.exp(x))) == ["exp", "exp", "add"]
    z = T.exp(x)
    assert ops(applied(in2out(pattern), z + z)) == ["exp", "mul"]
    assert str(pattern) == "twice"


def test_pattern_with_nested_ops_numbers_and_other_readers():
    pattern = PatternSub((T.log, (T.exp, "a")), "a")
    assert ops(applied(in2out(pattern), T.log(T.exp(x)) + 1))[-1] == "add"
    shared = T.exp(x)
    assert ops(applied(in2out(pattern), T.log(shared) + shared)) == ["exp", "log", "add"]
    seen = PatternSub((T.log, (T.exp, "a")), "a", allow_multiple_clients=True)
    assert ops(applied(in2out(seen), T.log(shared) + shared)) == ["exp", "add"]
    number = PatternSub((T.mul, "a", 2.0), (T.add, "a", "a"))
    two = T.constant(np.full(3, 2.0))
    assert ops(applied(in2out(number), x * two)) == ["add"]
    assert ops(applied(in2out(number), x * T.constant(np.full(3, 3.0)))) == ["mul"]


def test_pattern_with_a_constraint_and_a_function_in_the_result():
    pattern = PatternSub(
        (T.add, {"pattern": "a", "constraint": lambda v: isinstance(v, Constant)}, "b"), (lambda a, b: b - 1, "a", "b")
    )
    one = T.constant(np.ones(2))
    assert ops(applied(in2out(pattern), one + x))[-1] == "sub"
    assert ops(applied(in2out(pattern), x + y)) == ["add"]


def test_pattern_found_from_an_inner_node():
    pattern = PatternSub(
        (T.log, (T.exp, "a")), "a", tracks=[T.exp], get_nodes=lambda node: [c for c, _ in node.outputs[0].clients]
    )
    assert ops(applied(EquilibriumOptimizer([pattern]), T.tanh(T.log(T.exp(x))))) == ["tanh"]


def test_pattern_that_begins_with_a_name_is_refused():
    with pytest.raises(TypeError, match="must start with a specific Op"):
        PatternSub("a", (T.exp, "a"))


# --- local optimizers and how they are applied --------------------------------------------------------------------------


def test_op_sub_and_op_remove():
    assert ops(applied(in2out(OpSub(T.exp, T.sin)), T.exp(T.exp(x)) + 0 * x))[:2].count("sin") >= 1
    assert ops(applied(OpKeyOptimizer(OpSub(T.exp, T.sin)), T.exp(T.exp(x)))) == ["sin", "sin"]
    assert ops(applied(OpKeyOptimizer(OpRemove(T.exp)), T.tanh(T.exp(x)))) == ["tanh"]


@pytest.mark.parametrize(
    "apply", [in2out, out2in, lambda o: TopoOptimizer(o, "in_to_out"), lambda o: EquilibriumOptimizer([o])]
)
def test_every_way_of_applying(apply):
    assert ops(applied(apply(tanh_twice), T.exp(T.tanh(T.tanh(x))))) == ["sin", "exp"]


def test_a_local_optimizer_may_return_a_dict_and_remove():
    @gof.local_optimizer([T.exp])
    def both(node):
        reader = node.outputs[0].clients[0][0]
        return {reader.outputs[0]: T.cos(node.inputs[0]), "remove": [node.outputs[0]]}

    assert ops(applied(in2out(both), T.tanh(T.exp(x)))) == ["cos"]


def test_groups_try_one_after_the_other():
    group = LocalOptGroup(tanh_twice, OpSub(T.sin, T.cos))
    assert ops(applied(in2out(group), T.tanh(T.tanh(x)))) in (["sin"], ["cos"])
    assert ops(applied(EquilibriumOptimizer([group]), T.tanh(T.tanh(x)))) == ["cos"]
    every = LocalOptGroup(tanh_twice, OpSub(T.sin, T.cos), apply_all_opts=True)
    assert ops(applied(TopoOptimizer(every, ignore_newtrees=True), T.tanh(T.tanh(x)))) == ["cos"]


def test_what_never_ends_is_stopped_and_named(caplog):
    there, back = OpSub(T.sin, T.cos), OpSub(T.cos, T.sin)
    EquilibriumOptimizer([there, back], max_use_ratio=4).optimize(gof.FunctionGraph([x], [T.sin(x)]))
    assert "max'ed out" in caplog.text and "sin" in caplog.text


@pytest.mark.parametrize("how", ["raise", "warn", "ignore"])
def test_a_rewrite_that_fails_is_reported_as_the_flag_says(how, caplog):
    @gof.local_optimizer([T.tanh])
    def fails(node):
        raise ValueError("it went wrong")

    with theano.config.change_flags(on_opt_error=how):
        if how == "raise":
            with pytest.raises(ValueError, match="it went wrong"):
                applied(in2out(fails), T.tanh(x))
            return
        assert ops(applied(in2out(fails), T.tanh(x))) == ["tanh"]
    assert ("it went wrong" in caplog.text) == (how == "warn")


@pytest.mark.parametrize("tracks", [[], "T.tanh", [3]])
def test_tracks_that_are_none_are_refused(tracks):
    with pytest.raises((ValueError, TypeError)):
        gof.local_optimizer(tracks)


def test_an_optimizer_class_with_the_old_validating_feature():
    class SinForTanh(gof.Optimizer):
        def add_requirements(self, fgraph):
            fgraph.attach_feature(ReplaceValidate())

        def apply(self, fgraph):
            for node in fgraph.toposort():
                if node.op == T.tanh:
                    fgraph.replace_validate(node.outputs[0], T.sin(node.inputs[0]), reason="SinForTanh")

    f = theano.function([x], T.tanh(x), mode=Mode(optimizer=SeqOptimizer(SinForTanh(), MergeOptimizer())))
    assert ops(f) == ["sin"]


def test_a_rule_of_theano_is_a_local_optimizer():
    node = T.log(1 + x).owner
    (found,) = tensor_opt.local_log1p.transform(node)
    assert found.owner.op == T.log1p
    assert tensor_opt.local_log1p.transform(T.exp(x).owner) is False
    assert ops(applied(in2out(tensor_opt.local_log1p), T.log(1 + x)))[-1] == "log1p"
    assert T.log in tensor_opt.local_log1p.tracks()


def test_canonizers_simplify_sums_and_products():
    # What is left is spread to the shape that x and y have together.
    assert set(ops(applied(tensor_opt.add_canonizer, x + y - x))) == {"second"}
    assert set(ops(applied(tensor_opt.mul_canonizer, (x * y) / x))) == {"second"}
    three = [T.constant(np.full(1, 3.0)), T.constant(np.full(1, 4.0))]
    nodes = applied(in2out(tensor_opt.local_mul_canonizer), T.exp(x) * three[0] * three[1]).toposort()
    assert [v.data for node in nodes for v in node.inputs if isinstance(v, Constant)] == [12]
    assert tensor_opt.mul_calculate([2, 3], [4]) == 1.5 and tensor_opt.add_calculate([1], [1], aslist=True) == []


def test_rewriting_before_there_is_a_function():
    out = pre_greedy_local_optimizer([tanh_twice], T.exp(T.tanh(T.tanh(x))))
    assert out.owner.inputs[0].owner.op == T.sin


# --- databases ----------------------------------------------------------------------------------------------------------


def test_databases_answer_queries():
    db = DB()
    a, b, c = (FromFunctionOptimizer(lambda fgraph: None) for _ in range(3))
    for name, obj, tags in (("a", a, ("x", "y")), ("b", b, ("x",)), ("c", c, ("y",))):
        obj.name = None
        db.register(name, obj, *tags)
    assert db.query("x") == [a, b] and db.query("+x", "-y") == [b] and db.query("+x", "&y") == [a]
    assert db.query(Query(include=["x", "y"], exclude=["a"])) == [b, c]
    assert db["a"] is a and "a" in db and "z" not in db
    with pytest.raises(ValueError, match="name"):
        db.register("x", FromFunctionOptimizer(lambda fgraph: None))
    with pytest.raises(TypeError):
        db.register("q", object())
    with pytest.raises(KeyError):
        db["x"]
    db.remove_tags("a", "x")
    assert db.query("x") == [b]
    db.add_tags("c", "x")
    assert db.query("x") == [b, c]


def test_a_sequence_is_in_the_order_of_positions():
    db = SequenceDB()
    first, second, third = (FromFunctionOptimizer(lambda fgraph: None) for _ in range(3))
    db.register("second", second, 2, "t")
    db.register("first", first, 1, "t")
    db.register("third", third, "last", "t")
    assert list(db.query("t")) == [first, second, third]
    assert list(db.query(Query(include=["t"], position_cutoff=2))) == [first]
    extra = FromFunctionOptimizer(lambda fgraph: None)
    assert list(db.query(Query(include=["t"]).register((extra, 1.5)))) == [first, extra, second, third]


def test_databases_in_databases():
    inner = EquilibriumDB()
    inner.register("tanh_twice", tanh_twice, "t")
    outer = SequenceDB()
    outer.register("inner", inner, 1, "t")
    outer.register("again", ProxyDB(inner), 2, "t")
    group = LocalGroupDB()
    group.register("sin_to_cos", OpSub(T.sin, T.cos), "t")
    outer.register("topo", TopoDB(group), 3, "t")
    assert ops(applied(outer.query("t"), T.tanh(T.tanh(x)))) == ["cos"]
    assert ops(applied(outer.query("+t", "-topo"), T.tanh(T.tanh(x)))) == ["sin"]
    assert ops(applied(outer.query("+t", "-tanh_twice"), T.tanh(T.tanh(x)))) == ["tanh", "tanh"]


# --- unification, questions, places -------------------------------------------------------------------------------------


def test_unification():
    a, b = Var("a"), Var("b")
    assert Var("a") is a and isinstance(a, FreeVariable)
    u = unify((a, (b, 2)), (1, (3, 2)))
    assert u[a] == 1 and u[b] == 3 and unify_build([b, a], u) == [3, 1]
    assert unify((a, a), (1, 2)) is False
    assert unify((1, 2), (1, 2, 3)) is False
    choice = OrVariable("c", [1, 2])
    assert unify(choice, 3) is False and unify(choice, 2)[choice] == 2
    assert unify(NotVariable("n", [1]), 1) is False
    u = unify((a, a), (b, OrVariable("d", [5])))
    assert u is not False
    chain = unify_walk(a, 7, unify_walk(a, b, Unification()))
    assert chain[a] == 7 and chain[b] == 7


def test_questions_about_graphs():
    assert check_chain(T.exp(T.tanh(x)), T.exp, 0, T.tanh)
    assert not check_chain(T.exp(T.tanh(x)), T.exp, 0, T.exp)
    assert is_same_graph_with_merge(T.exp(x) + T.exp(x), T.exp(x) + T.exp(x))
    assert not is_same_graph_with_merge(T.exp(x), T.exp(y)) and is_same_graph_with_merge(T.exp(x), T.exp(y), {x: y})
    assert merge_dict({"a": 1}, {"a": 2, "b": 3}) == {"a": 3, "b": 3}
    total = T.add(T.mul(x, T.constant(np.ones(2))), T.constant(np.ones(2)))
    pre_constant_merge([total])
    assert total.owner.inputs[0].owner.inputs[1] is total.owner.inputs[1]


def test_what_a_rewrite_makes_belongs_to_the_line_of_what_it_replaces():
    out = T.log(1 + x)  # this line
    f = theano.function([x], out)
    assert check_stack_trace(f, ops_to_check="all")
    (node,) = f.maker.fgraph.toposort()
    assert "this line" in node.tag.trace[-1][-1][-1]
    with inherit_stack_trace(out):
        made = T.sin(x)
    assert "this line" in made.owner.tag.trace[-1][-1][-1]
    other = T.cos(x)
    assert copy_stack_trace(out, other) is other


def test_shapes_are_known_without_values():
    a, b = T.dmatrices("a", "b")
    fgraph = gof.FunctionGraph([a, b], [T.dot(a, b), T.tanh(a).sum(axis=0)], clone=False)
    fgraph.attach_feature(tensor_opt.ShapeFeature())
    feature = fgraph.shape_feature
    product, total = fgraph.outputs
    values = {a: np.ones((2, 3)), b: np.ones((3, 5))}
    assert [
        int(n.eval({a: values[a]}) if k == 0 else n.eval({b: values[b]}))
        for k, n in enumerate(feature.shape_of[product])
    ] == [2, 5]
    assert feature.get_shape(total, 0).eval({a: values[a]}) == 3
    assert feature.same_shape(a, T.tanh(a)) if T.tanh(a) in feature.shape_of else True
    assert feature.same_shape(product, a, 0, 0) and not feature.same_shape(product, a)
    assert not any(
        "dot" in str(node.op) for node in gof.graph.ancestors([feature.shape_of[product][0]]) if hasattr(node, "op")
    )
