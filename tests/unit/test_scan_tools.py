"""What programs that inspect and rebuild loops read: the layout's names, scan_args, helpers, the passes by Theano's classes."""

import copy
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import scan_opt, scan_utils, until
from theano.scan_module.scan_op import Scan

x, h0, W, y0 = T.dmatrix("x"), T.dvector("h0"), T.dmatrix("W"), T.dmatrix("y0")
rng = np.random.RandomState(0)
VALUES = [rng.randn(5, 3), rng.randn(3), rng.randn(3, 3) * 0.5, rng.randn(2, 3)]


def loop():
    s = theano.shared(1.0, name="s")

    def step(a, h, y2, y1, W):
        return [T.tanh(a + T.dot(h, W)), y2 * 0.5 + y1 + s, (h * a).sum()], {s: s * 2}

    outs, updates = theano.scan(step, x, [h0, dict(initial=y0, taps=[-2, -1]), None], W)
    node = next(n for n in theano.gof.graph.io_toposort([x, h0, W, y0], outs) if isinstance(n.op, Scan))
    return outs, updates, node


def test_parts_of_a_loop_by_theanos_names():
    _, _, node = loop()
    op = node.op
    info = op.info
    wanted = dict(n_seqs=1, n_mit_mot=0, n_mit_sot=1, n_sit_sot=1, n_nit_sot=1, n_shared_outs=1, as_while=False)
    for name, value in wanted.items():
        assert getattr(op, name) == value
        assert info[name] == value
    assert op.tap_array == info["tap_array"] == [[-2, -1], [-1]]
    assert op.mitsot_taps() == [[-2, -1]]
    assert (op.truncate_gradient, op.name, str(op)) == (-1, None, "for{cpu,scan_fn}")
    inner = [*op.inner_seqs(op.inputs), *op.inner_mitsot(op.inputs), *op.inner_sitsot(op.inputs)]
    assert inner + op.inner_shared(op.inputs) + op.inner_non_seqs(op.inputs) == op.inputs
    outer = [node.inputs[0], *op.outer_seqs(node), *op.outer_mitsot(node), *op.outer_sitsot(node)]
    assert outer + op.outer_shared(node) + op.outer_non_seqs(node) == node.inputs
    outs = [*op.outer_mitsot_outs(node), *op.outer_sitsot_outs(node), *op.outer_nitsot_outs(node)]
    assert outs + op.outer_shared_outs(node) == node.outputs
    assert op.inner_mitsot_outs(op.outputs)[0].type.ndim == 1
    assert op.inner_nitsot_outs(op.outputs)[0].type.ndim == 0
    tables = op.get_oinp_iinp_iout_oout_mappings()
    assert tables["inner_inp_from_outer_inp"][2] == [1, 2]
    assert [v.name for v in op.inner_mitsot(op.inputs)] == ["y0[t-2]", "y0[t-1]"]
    assert tables["outer_out_from_inner_out"] == {0: 0, 1: 1, 2: 2, 3: 3}
    op.validate_inner_graph()
    stops = (
        theano.scan(lambda s: (s * 2, until(s > 50)), outputs_info=T.ones(()), n_steps=9)[0].owner.inputs[0].owner.op
    )
    assert stops.as_while and stops.info["as_while"] and str(stops).startswith("do_while")


def test_scan_args_put_a_loop_together_again_and_merge_two():
    outs, _, node = loop()
    args = scan_utils.scan_args(node.inputs, node.outputs, node.op.inputs, node.op.outputs, node.op.info)
    again = Scan(args.inner_inputs, args.inner_outputs, args.info)(*args.outer_inputs, return_list=True)
    assert args.outer_outputs == node.outputs
    f = theano.function([x, h0, W, y0], [*node.outputs, *again])
    got = f(*VALUES)
    for a, b in zip(got[:4], got[4:]):
        np.testing.assert_allclose(a, b)
    both = copy.copy(args).merge(args)
    assert both.info["n_seqs"] == 2 and both.info["tap_array"] == [[-2, -1]] * 2 + [[-1]] * 2
    # A dict with Theano's keys is a layout too.
    third = Scan(node.op.inputs, node.op.outputs, node.op.info.copy())(*node.inputs, return_list=True)
    np.testing.assert_allclose(theano.function([x, h0, W, y0], third)(*VALUES)[0], got[0])


def test_outputs_that_nothing_needs_are_left_out():
    _, _, node = loop()
    gone, kept = scan_utils.scan_can_remove_outs(node.op, [0, 1, 2])
    assert (gone, kept) == ([0, 2], [1]) or (gone, kept) == ([0, 1, 2], [])
    ins, outs, outer, info, places = scan_utils.compress_outs(node.op, [0, 2], node.inputs)
    made = Scan(ins, outs, info)(*outer, return_list=True)
    assert places == {1: 0, 3: 1}
    f = theano.function([x, h0, W, y0], [node.outputs[1], made[0]], on_unused_input="ignore")
    a, b = f(*VALUES)
    np.testing.assert_allclose(a, b)


def test_helpers_copy_and_replace():
    v = T.dvector("v")
    assert scan_utils.safe_new(v, "_copy").name == "v_copy"
    assert scan_utils.safe_new(v, dtype="float32").type.dtype == "float32"
    assert scan_utils.isNaN_or_Inf_or_None(np.nan) and scan_utils.isNaN_or_Inf_or_None(None)
    assert not scan_utils.isNaN_or_Inf_or_None(3) and not scan_utils.isNaN_or_Inf_or_None(v)
    assert scan_utils.hash_listsDictsTuples([1, {"a": (2,)}]) == scan_utils.hash_listsDictsTuples([1, {"a": (2,)}])
    ins, outs = scan_utils.reconstruct_graph([v], [v * 2], "_new")
    assert ins[0].name == "v_new"
    np.testing.assert_allclose(theano.function(ins, outs)([1.0])[0], [2.0])
    w = T.dvector("w")
    replaced = scan_utils.forced_replace(T.exp(v).sum() * T.exp(v), T.exp(v), w)
    np.testing.assert_allclose(theano.function([w], replaced)([1.0, 2.0]), [3.0, 6.0])
    grown = scan_utils.expand_empty(v, T.constant(2))
    assert theano.function([v], grown)([1.0, 2.0]).shape == (4,)
    (shape,) = scan_utils.infer_shape(
        [T.dot(x, W)], [x, W], [(T.constant(4), T.constant(3)), (T.constant(3), T.constant(2))]
    )
    assert [int(n.eval()) for n in shape] == [4, 2]


def test_variables_are_mapped_in_the_steps_of_loops_too():
    v, a = T.dvector("v"), T.dscalar("a")
    rows, _ = theano.scan(lambda e: T.exp(e) * 2, v)

    def double_exp(z):
        if z.owner is not None and z.owner.op == T.exp:
            return z.owner.inputs[0] * a
        return z

    (mapped,) = scan_utils.map_variables(double_exp, [rows], additional_inputs=[a])
    np.testing.assert_allclose(theano.function([v, a], mapped)([1.0, 2.0], 10.0), [20.0, 40.0])


def test_replacements_inside_loops_and_graphs_read_what_is_outside():
    v, outer, counter = T.dvector("v"), T.dscalar("outer"), theano.shared(2.0, "counter")
    scale = outer * counter

    def mapped(variables):
        return scan_utils.map_variables(lambda u: u.owner.inputs[0] * scale if u.name == "marked" else u, variables)

    def marked(u):
        u = u + 1
        u.name = "marked"
        return u

    rows, _ = theano.scan(lambda a, s: marked(a) + s, v, 0.0)
    inner = T.dvector()
    graph = theano.OpFromGraph([inner], [marked(inner) ** 2])(v)
    f = theano.function([v, outer], [rows, *mapped([rows]), graph, *mapped([graph])])
    for got, want in zip(f([1.0, 2.0], 5.0), ([2.0, 5.0], [10.0, 30.0], [4.0, 9.0], [100.0, 400.0])):
        np.testing.assert_allclose(got, want)
    assert mapped([v * 2])[0].owner.inputs[0] is v
    counter.update = counter + 1
    for variable in (rows, graph):
        with pytest.raises(NotImplementedError, match="counter"):
            mapped([variable])


@pytest.mark.parametrize(
    "name", ["ScanMerge", "ScanSaveMem", "PushOutDot1", "PushOutNonSeqScan", "PushOutScanOutput", "PushOutSeqScan"]
)
def test_passes_by_theanos_names_keep_values(name):
    rows, _ = theano.scan(lambda a, h, W: T.tanh(T.dot(a, W) + T.dot(h, T.exp(W))), x, h0, W)
    (_, others), _ = theano.scan(lambda a, h, W: [T.tanh(T.dot(a, W) + T.dot(h, T.exp(W))), a + h], x, [h0, None], W)
    wanted = theano.function([x, h0, W], [rows[-1] + others[-1]])(*VALUES[:3])[0]
    if name == "PushOutNonSeqScan":  # scan itself leaves such things outside
        node = rows.owner.inputs[0].owner
        scale = T.exp(node.op.inner_non_seqs(node.op.inputs)[0]).sum()
        step = [v * scale / scale for v in node.op.outputs]
        rows = Scan(node.op.inputs, step, node.op.info)(*node.inputs)
    graph = theano.gof.FunctionGraph([x, h0, W], [rows[-1] + others[-1]])
    theano.gof.MergeOptimizer().optimize(graph)
    changed = getattr(scan_opt, name)().optimize(graph)
    assert isinstance(changed, int)
    f = theano.function(graph.inputs, graph.outputs[0], mode="FAST_COMPILE")
    np.testing.assert_allclose(f(*VALUES[:3]), wanted)
    if name in ("ScanMerge", "ScanSaveMem", "PushOutNonSeqScan", "PushOutSeqScan"):
        assert changed


def test_copies_views_errors_and_breakpoints(monkeypatch, capsys):
    import theon
    from theano.compile.ops import deep_copy_op, view_op
    from theano.raise_op import Raise
    from theano.tests.breakpoint import PdbBreakpoint

    v = T.dvector("v")
    f = theano.function([v], [deep_copy_op(v * 2), view_op(v) + 1, T.grad(view_op(v).sum(), v)])
    assert "python " not in theon.explain(f)
    for got, want in zip(f([1.0, 2.0]), ([2.0, 4.0], [2.0, 3.0], [1.0, 1.0])):
        np.testing.assert_allclose(got, want)
    with pytest.raises(ValueError, match="no way"):
        theano.function([v], Raise("no way", ValueError)(v))([1.0])
    g = theano.function([v], ifelse(v.sum() > 0, v, Raise("negative")(v)))
    np.testing.assert_allclose(g([1.0]), [1.0])
    with pytest.raises(NotImplementedError, match="negative"):
        g([-1.0])
    stops = []
    monkeypatch.setattr("pdb.set_trace", lambda: stops.append(1))
    w = T.dvector("w")
    a, b = PdbBreakpoint("look")(v.sum() > 3, v, w)
    h = theano.function([v, w], [a * b, *T.grad((a * b).sum(), [v, w])])
    h([1.0], [2.0])
    assert stops == []
    for got, want in zip(h([4.0], [2.0]), ([8.0], [2.0], [4.0])):
        np.testing.assert_allclose(got, want)
    assert stops == [1] and "look" in capsys.readouterr().out


def test_a_loop_that_is_profiled_says_what_its_steps_took(capsys):
    from theano.compile.profiling import ScanProfileStats

    stats = ScanProfileStats(atexit_print=False, name="recurrence")
    rows, _ = theano.scan(lambda a, h, W: T.tanh(a + T.dot(h, W)), x, h0, W, profile=stats, allow_gc=True, strict=True)
    op = rows.owner.inputs[0].owner.op
    assert (op.profile, op.allow_gc, op.strict, op.info["profile"]) == (stats, True, True, stats)
    assert (op.n_outs, op.seqs_arg_offset, op.shared_arg_offset, op.nit_sot_arg_offset) == (1, 2, 3, 3)
    assert [t.ndim for t in op.output_types] == [2] and not (op.gpua or op.gpu or op.inplace)
    f = theano.function([x, h0, W], rows)
    plain = theano.function([x, h0, W], theano.scan(lambda a, h, W: T.tanh(a + T.dot(h, W)), x, h0, W)[0])
    for _ in range(2):
        np.testing.assert_allclose(f(*VALUES[:3]), plain(*VALUES[:3]))
    assert (stats.callcount, stats.nbsteps) == (2, 10) and stats.call_time > 0
    assert any("tanh" in str(node.op) or "Composite" in str(node.op) for node in stats.apply_time)
    stats.summary_function(sys.stdout)
    assert "(recurrence)" in capsys.readouterr().out
