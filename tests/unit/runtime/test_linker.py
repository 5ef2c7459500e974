"""Linkers that a program may hand to Mode, and graphs linked by hand."""

import copy
import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof import (
    Apply,
    CLinker,
    DualLinker,
    FunctionGraph,
    LocalLinker,
    Op,
    OpWiseCLinker,
    PerformLinker,
    WrapLinker,
    WrapLinkerMany,
)
from theano.gof.vm import Loop, LoopGC, Stack, VM_Linker

LINKERS = [PerformLinker, CLinker, OpWiseCLinker, DualLinker, VM_Linker]


def graph():
    x, y = T.dvector("x"), T.dvector("y")
    return FunctionGraph([x, y], [T.exp(x) + y, x * y])


@pytest.mark.parametrize("make", LINKERS)
def test_a_graph_is_linked_by_hand(make):
    f = make().accept(graph()).make_function()
    a, b = np.array([0.0, 1.0]), np.array([2.0, 3.0])
    for _ in range(2):
        total, product = f(a, b)
        np.testing.assert_allclose(total, np.exp(a) + b)
        np.testing.assert_allclose(product, a * b)
    with pytest.raises(TypeError, match="2 arguments"):
        f(a)
    x = T.dvector("x")
    assert make().accept(FunctionGraph([x], [x * 2])).make_function()(a).tolist() == [0.0, 2.0]
    assert make().accept(FunctionGraph([x], [x * 2])).make_function(unpack_single=False)(a)[0].tolist() == [0.0, 2.0]


@pytest.mark.parametrize("make", [*LINKERS, lambda: "py", lambda: "c|py", lambda: "cvm"])
def test_a_function_runs_with_a_linker(make):
    s = theano.shared(np.array([1.0, 2.0]))
    x = T.dvector("x")
    f = theano.function([x], [x * s, T.sum(x)], updates=[(s, s + x)], mode=theano.Mode(linker=make()))
    assert f([1.0, 1.0])[0].tolist() == [1.0, 2.0]
    assert f([1.0, 2.0])[0].tolist() == [2.0, 6.0] and s.get_value().tolist() == [3.0, 5.0]


def test_the_names_of_linkers():
    assert isinstance(theano.Mode("py").linker, PerformLinker)
    assert isinstance(theano.compile.predefined_linkers["vm"], VM_Linker)
    assert str(theano.Mode("c|py", "fast_run")) == "Mode(linker = c|py, optimizer = fast_run)"
    with pytest.raises(KeyError, match="no linker"):
        theano.Mode("nonsense")
    theano.compile.register_linker("mine", PerformLinker())
    with pytest.raises(ValueError, match="already taken"):
        theano.compile.register_linker("mine", PerformLinker())
    assert theano.Mode("mine").linker is theano.compile.mode.predefined_linkers.pop("mine")
    for mode in (theano.Mode("vm", "fast_run"), theano.Mode("py", None)):
        assert pickle.loads(pickle.dumps(mode)) == mode == copy.deepcopy(mode)
    assert theano.Mode("vm").clone(link_kwargs={"allow_gc": False}).linker.allow_gc is False


def test_a_wrapper_sees_each_node():
    seen = []

    def wrapper(i, node, thunk):
        seen.append((i, str(node.op), [cell[0] is not None for cell in thunk.inputs]))
        thunk()
        seen.append(thunk.outputs[0][0].tolist())

    x = T.dvector("x")
    mode = theano.Mode(linker=WrapLinker([PerformLinker()], wrapper), optimizer=None)
    f = theano.function([x], T.exp(x) * 2, mode=mode)
    np.testing.assert_allclose(f([0.0, 1.0]), 2 * np.exp([0.0, 1.0]))
    places = [s[0] for s in seen if isinstance(s, tuple)]
    assert places == list(range(len(f.maker.fgraph.toposort()))) and "exp" in str(seen) and [1.0, np.e] in seen
    f([1.0, 1.0])
    assert len([s for s in seen if isinstance(s, tuple)]) == 2 * len(places)


def test_a_wrapper_that_runs_nothing_leaves_nothing():
    x = T.dvector("x")
    mode = theano.Mode(linker=WrapLinker([PerformLinker()], lambda i, node, thunk: None))
    assert theano.function([x], x + 1, mode=mode)([1.0]) is None


def test_several_wrappers_and_linkers():
    counts = [0, 0]

    def first(i, node, *thunks):
        counts[0] += len(thunks)
        for thunk in thunks:
            thunk()

    def second(i, node, *thunks):
        counts[1] += 1
        np.testing.assert_allclose(thunks[0].outputs[0][0], thunks[1].outputs[0][0])

    x = T.dvector("x")
    linker = WrapLinkerMany([PerformLinker(allow_gc=False), OpWiseCLinker(allow_gc=False)], [first, second])
    f = theano.function([x], T.tanh(x) + 1, mode=theano.Mode(linker=linker))
    np.testing.assert_allclose(f([0.5]), np.tanh([0.5]) + 1)
    assert counts[1] > 0 and counts[0] == 2 * counts[1]


def test_an_error_names_the_node():
    x, y = T.dmatrix("x"), T.dmatrix("y")
    for linker in (PerformLinker(schedule=lambda g: g.toposort()), WrapLinker([PerformLinker()], lambda i, n, t: t())):
        f = theano.function([x, y], T.dot(x, y), mode=theano.Mode(linker=linker))
        with pytest.raises(ValueError, match="Apply node that caused the error"):
            f(np.ones((2, 3)), np.ones((2, 3)))


def test_the_dual_linker_compares():
    pairs = []
    x = T.dvector("x")
    f = DualLinker(checker=lambda a, b: pairs.append((a[0], b[0]))).accept(FunctionGraph([x], [T.exp(x) + 1]))
    f.make_function()(np.array([1.0]))
    assert len(pairs) >= 2 and all(np.allclose(a, b) for a, b in pairs)

    def refuse(a, b):
        raise ValueError("not the same")

    with pytest.raises(ValueError, match="not the same"):
        DualLinker(checker=refuse).accept(FunctionGraph([x], [T.exp(x)])).make_function()(np.array([1.0]))


@pytest.mark.parametrize("make", LINKERS)
def test_what_native_code_does_not_take_runs_all_the_same(make):
    x, y = T.dvector("x"), T.dvector("y")
    f = make().accept(FunctionGraph([x, y], [T.exp(x) + y])).make_function()
    np.testing.assert_allclose(f(np.zeros(3), np.ones(1)), [2.0, 2.0, 2.0])
    with pytest.raises(ValueError):
        f(np.zeros(3), np.ones(2))


def test_a_schedule_orders_the_nodes():
    from theano.gof.sched import key_to_cmp, sort_schedule_fn

    ran = []
    x = T.dvector("x")
    outputs = [T.exp(x), T.sin(x), T.cos(x)]

    def wrapper(i, node, thunk):
        ran.append(str(node.op.scalar_op))
        thunk()

    for sign in (1, -1):
        by_name = sort_schedule_fn(key_to_cmp(lambda node, sign=sign: sign * ord(str(node.op.scalar_op)[0])))
        linker = WrapLinker([PerformLinker(schedule=by_name)], wrapper)
        theano.function([x], outputs, mode=theano.Mode(linker=linker, optimizer=None))([1.0])
    assert ran == ["cos", "exp", "sin", "sin", "exp", "cos"]


def test_callbacks_of_the_vm():
    seen, given = [], []
    x = T.dvector("x")
    linker = VM_Linker(
        callback=lambda node, thunk, storage_map, compute_map: seen.append((node, storage_map[node.outputs[0]][0])),
        callback_input=lambda variable, value: given.append(value),
    )
    f = theano.function([x], T.exp(x) + 1, mode=theano.Mode(linker=linker, optimizer=None))
    np.testing.assert_allclose(f([0.0]), [2.0])
    assert len(seen) >= 2
    assert seen[-1][1].tolist() == [2.0] and given[0].tolist() == [0.0]
    assert f.fn.storage_map and set(f.fn.nodes) == {node for node, _ in seen}
    assert isinstance(linker.accept(FunctionGraph([x], [T.exp(x)])).make_all()[0], Stack)


class Choose(Op):
    """The second or third input, as the first says; asks only for the one it needs."""

    __props__ = ()

    def make_node(self, c, a, b):
        return Apply(self, [c, a, b], [a.type()])

    def make_thunk(self, node, storage_map, compute_map, no_recycling, impl=None):
        ins, out = [storage_map[v] for v in node.inputs], storage_map[node.outputs[0]]

        def thunk():
            if not compute_map[node.inputs[0]][0]:
                return [0]
            place = 1 if ins[0][0] else 2
            if not compute_map[node.inputs[place]][0]:
                return [place]
            out[0] = ins[place][0]
            return []

        thunk.lazy = True
        return thunk


def test_a_lazy_op_leaves_the_other_branch_out():
    ran = []
    c, x = T.dscalar("c"), T.dvector("x")
    linker = VM_Linker(callback=lambda node, **kw: ran.append(str(node.op)))
    out = Choose()(c + 0, T.exp(x), T.sin(x))
    f = linker.accept(FunctionGraph([c, x], [out])).make_function()
    assert f(1.0, np.array([0.0])).tolist() == [1.0] and not any("sin" in name for name in ran)
    ran.clear()
    assert f(0.0, np.array([0.0])).tolist() == [0.0] and not any("exp" in name for name in ran)


def test_machines_keep_or_drop_values():
    x = T.dvector("x")
    for allow_gc, kind in ((True, LoopGC), (False, Loop)):
        g = FunctionGraph([x], [T.exp(x * 2) + 1])
        machine, ins, outs, thunks, nodes = VM_Linker(allow_gc=allow_gc).accept(g).make_all()
        assert isinstance(machine, kind) and len(thunks) == len(nodes)
        ins[0].data = [1.0]
        machine()
        np.testing.assert_allclose(outs[0].data, [np.exp(2.0) + 1])
        inner = machine.storage_map[nodes[0].outputs[0]][0]
        assert (inner is None) == allow_gc
        machine.clear_storage()
        assert outs[0].data is None


def test_results_are_not_overwritten_by_the_next_call():
    x = T.dvector("x")
    for linker in (PerformLinker(schedule=lambda g: g.toposort()), WrapLinker([PerformLinker()], lambda i, n, t: t())):
        f = theano.function([x], T.exp(x), mode=theano.Mode(linker=linker))
        first = f([0.0])
        f([1.0])
        assert first.tolist() == [1.0]


def test_what_an_op_overwrites_is_a_copy():
    class Twice(Op):
        __props__ = ()
        destroy_map = {0: [0]}

        def make_node(self, x):
            return Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            inputs[0][...] *= 2
            outputs[0][0] = inputs[0]

    x = T.dvector("x")
    given = np.array([1.0])
    for make in LINKERS:
        f = make().accept(FunctionGraph([x], [Twice()(x), x + 1])).make_function()
        twice, more = f(given)
        assert twice.tolist() == [2.0] and more.tolist() == [2.0] and given.tolist() == [1.0]


def test_a_linker_serves_two_graphs():
    linker = PerformLinker()
    first, second = linker.accept(graph()), linker.accept(graph())
    assert first is linker and second is not linker and second.fgraph is not first.fgraph
    assert isinstance(second, LocalLinker)
