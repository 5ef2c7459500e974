"""The parts of theano.function that programs call by themselves."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile import In, Out, Param, orig_function, rebuild_collect_shared
from theano.compile.function_module import (
    alias_root,
    check_equal,
    convert_function_input,
    fgraph_updated_vars,
    get_info_on_inputs,
    infer_reuse_pattern,
    insert_deepcopy,
    register_checker,
    std_fgraph,
    view_tree_set,
)
from theano.compile.ops import DeepCopyOp, OutputGuard, ViewOp, deep_copy_op, view_op


def test_param_has_a_default():
    x, y = T.dscalars("x", "y")
    f = theano.function([x, Param(y, default=3.0)], x * y)
    assert f(2.0) == 6.0 and f(2.0, 5.0) == 10.0 and f(2.0, y=1.0) == 2.0
    assert isinstance(Param(y), In) and Param(y, 3.0, "other").name == "other"


def test_a_function_of_prepared_inputs():
    x, s = T.dscalar("x"), T.dscalar("s")
    f = orig_function([In(x), In(s, value=1.0, update=s + x)], [s * 2, Out(x + 1)])
    assert [float(v) for v in f(3.0)] == [2.0, 4.0] and [float(v) for v in f(0.0)] == [8.0, 1.0]
    assert orig_function([x], x * 2)(3.0) == 6.0
    w = theano.shared(2.0, name="w")
    held = In(w, value=w.container, implicit=True, update=w * x, mutable=True)
    assert orig_function([x, held], w + x)(3.0) == 5.0 and w.get_value() == 6.0
    assert orig_function([x], w + x)(1.0) == 7.0
    assert orig_function([x], [x * 2], output_keys=["a"])(3.0) == {"a": 6.0}
    with pytest.raises(TypeError, match="Unknown output type"):
        orig_function([x], [3])


def test_what_stands_for_an_input():
    x = T.dscalar("x")
    found = convert_function_input(x)
    assert isinstance(found, In) and found.variable is x and convert_function_input(found) is found
    assert convert_function_input((x, 3.0)).value == 3.0
    named = convert_function_input(("other", x, (x + 1, 4.0)))
    assert named.name == "other" and named.value == 4.0 and named.update is not None
    for wrong in (T.constant(1.0), 3, (), (x, 1, 2, 3)):
        with pytest.raises(TypeError):
            convert_function_input(wrong)


def test_shared_variables_and_updates_are_collected():
    x, w = T.dvector("x"), theano.shared(np.array([1.0, 2.0]), name="w")
    counter = theano.shared(0, name="counter")
    noise = theano.shared(np.array([5.0, 5.0]), name="noise")
    noise.default_update = noise + counter
    out = (x * w + noise).sum()
    ins, new, (clones, update_d, pairs, shared) = rebuild_collect_shared(
        out, inputs=[x], replace=[(w, w * 2)], updates=[(counter, counter + 1)]
    )
    assert ins == [x] and new is not out and clones[out] is new
    assert set(shared) == {w, counter, noise} and set(update_d) == {counter, noise} and dict(pairs) == update_d
    f = theano.function(ins, new, no_default_updates=True)
    assert f([1.0, 1.0]) == 16.0
    copied, _, _ = rebuild_collect_shared([out], inputs=[In(x, name="other")], copy_inputs_over=False)
    assert copied[0].variable is not x and copied[0].name == "other"
    assert rebuild_collect_shared([out], [x], no_default_updates=True)[2][1] == {}
    with pytest.raises(TypeError, match="explicit input"):
        rebuild_collect_shared(out, inputs=[w])
    with pytest.raises(TypeError, match="must be a SharedVariable"):
        rebuild_collect_shared(out, [x], updates=[(x, x)])


def test_views_and_copies():
    x = T.dvector("x")
    given = np.array([1.0, 2.0])
    f = theano.function([In(x, borrow=True)], [Out(view_op(x), borrow=True), Out(deep_copy_op(x), borrow=True)])
    assert [v.tolist() for v in f(given)] == [[1.0, 2.0], [1.0, 2.0]]
    storage = [[None]]
    deep_copy_op.perform(None, [given], storage)
    assert not np.shares_memory(storage[0][0], given)
    generic = theano.shared({"a": [1]}).type("g")
    copied = theano.function([generic], deep_copy_op(generic))({"a": [1]})
    assert copied == {"a": [1]}
    assert T.grad(view_op(x).sum(), x).eval({x: given}).tolist() == [1.0, 1.0]
    assert (
        isinstance(theano.gradient.consider_constant_, ViewOp) and ViewOp() == view_op and DeepCopyOp() == deep_copy_op
    )
    assert OutputGuard().destroy_map == {0: [0]} and OutputGuard() != view_op


def test_ops_that_only_change_gradients_cost_nothing():
    x = T.dvector("x")
    g = theano.gradient
    y = T.exp(g.grad_clip(g.zero_grad(g.disconnected_grad(g.consider_constant(g.grad_scale(x, 2)))), -1, 1))
    nodes = theano.function([x], y).maker.fgraph.toposort()
    assert [str(n.op) for n in nodes] == [str(T.exp(x).owner.op)]
    clipped = theano.function([x], T.grad((g.grad_clip(x, -1, 1) * [5, -5, 0.5]).sum(), x))
    assert clipped([1.0, 1.0, 1.0]).tolist() == [1.0, -1.0, 0.5]


def test_the_standard_graph_protects_its_inputs():
    class Twice(theano.Op):
        __props__ = ()
        destroy_map = {0: [0]}

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

    x, y = T.dvector("x"), T.dvector("y")
    fgraph, updates = std_fgraph([In(x), In(y, update=x + y, mutable=True)], [Out(x * y)])
    assert len(fgraph.outputs) == 2 and len(updates) == 1 and fgraph.update_mapping == {1: 1}
    assert fgraph_updated_vars(fgraph, [In(x), In(y, update=x + y)]) == {fgraph.inputs[1]: fgraph.outputs[1]}
    with pytest.raises(TypeError, match="inplace"):
        std_fgraph([In(x)], [Out(Twice()(x))])
    for mutable, fine in ((True, True), (False, False)):
        fgraph, _ = std_fgraph([In(x, mutable=mutable, borrow=mutable)], [Out(Twice()(x))], accept_inplace=True)
        fgraph.attach_feature(theano.gof.DestroyHandler())
        fgraph.attach_feature(theano.gof.toolbox.Validator())
        assert fgraph.consistent() is fine


def test_outputs_that_share_memory_are_copied():
    x = T.dvector("x")
    flat = view_op(x)
    fgraph = theano.gof.FunctionGraph([x], [x, flat, x * 2], clone=False)
    assert alias_root(flat) is x and infer_reuse_pattern(fgraph, [flat]) >= {x, flat}
    seen = set()
    view_tree_set(x, seen)
    assert seen == {x, flat}
    insert_deepcopy(fgraph, [In(x)], [Out(x), Out(flat), Out(x * 2)])
    kinds = [type(v.owner.op).__name__ for v in fgraph.outputs]
    assert kinds[:2] == ["DeepCopyOp", "DeepCopyOp"] and kinds[2] == "Elemwise"
    fgraph = theano.gof.FunctionGraph([x], [view_op(x)], clone=False)
    insert_deepcopy(fgraph, [In(x, borrow=True)], [Out(x, borrow=True)])
    assert isinstance(fgraph.outputs[0].owner.op, ViewOp)


def test_words_on_inputs():
    assert get_info_on_inputs([], 0) == "The function is supposed to have no input."
    assert get_info_on_inputs([], 2) == "The function has 2 unnamed inputs."
    assert get_info_on_inputs(["a", "b"], 0) == "The function has 2 named inputs (a, b)."
    assert "1 named input (a), and 1 unnamed input which thus" in get_info_on_inputs(["a"], 1)


def test_checkers_decide_what_is_equal():
    assert check_equal(np.array([1, 2]), np.array([1, 2])) and not check_equal(1, 2)
    register_checker(lambda x, y: (x, y) == ("one", 1))
    assert check_equal("one", 1) and not check_equal("two", 1)


def test_ops_with_inner_functions_are_known():
    held = theano.gof.ops_with_inner_function
    assert held[theano.OpFromGraph] == "fn" and theano.scan_module.scan_op.Scan in held and len(held) == 2


def test_a_maker_of_prepared_inputs():
    from theano.compile.function_module import FunctionMaker

    x, s = T.dscalar("x"), theano.shared(np.array(1.0), name="s")
    held = In(s, value=s.container, implicit=True, update=s + x, mutable=True)
    maker = FunctionMaker([In(x), held], [Out(s * x)], mode="FAST_RUN", name="made")
    f = maker.create()
    assert [float(v) for v in f(3.0)] == [3.0] and s.get_value() == 4.0 and f.name == "made"
    assert f.maker is maker and f.maker.fgraph.toposort() and f.get_shared() == [s]
    assert FunctionMaker([In(x)], Out(x + 1)).create()(1.0) == 2.0
    with pytest.raises(theano.compile.UnusedInputError):
        FunctionMaker([In(x)], Out(T.constant(1.0)))


def test_old_names_of_function_and_printing(capsys):
    from theano.compile.debugmode import debugprint
    from theano.compile.ops import shape_i
    from theano.compile.pfunc import pfunc
    from theano.gof.link import raise_with_op

    x = T.dvector("x")
    assert pfunc([x], [x * 2], output_keys=["twice"])([1.0])["twice"].tolist() == [2.0]
    assert shape_i(x, 0).eval({x: [1.0, 2.0]}) == 2
    debugprint(T.exp(x), prefix="> ", prefix_child="  ")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("> Elemwise{exp") and lines[1].startswith("   |x")
    with pytest.raises(ZeroDivisionError, match="Apply node that caused the error"):
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            raise_with_op(T.exp(x).owner)
    assert theano.compile.nanguardmode.flatten([1, [2, (3,)]]) == [1, 2, 3]
