"""scan, ifelse and OpFromGraph: values and derivatives against graphs without them."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import until
from theano.updates import OrderedUpdates

F = theano.config.floatX
rng = np.random.RandomState(0)


def compile_and_call(inputs, outputs, *values):
    return theano.function(inputs, outputs, on_unused_input="ignore")(*values)


def test_powers_of_a_vector():
    k, A = T.iscalar("k"), T.vector("A")
    result, updates = theano.scan(
        fn=lambda prior, A: prior * A, outputs_info=T.ones_like(A), non_sequences=A, n_steps=k
    )
    power = theano.function([A, k], result[-1], updates=updates)
    np.testing.assert_allclose(power(np.arange(10), 4), np.arange(10.0) ** 4)


def test_recurrent_network_is_its_unrolled_form_to_second_order():
    x, h0, W = T.matrix("x"), T.vector("h0"), T.matrix("W")
    n = 5
    hs, _ = theano.scan(lambda a, h: T.tanh(a + T.dot(h, W)), sequences=x, outputs_info=h0)
    h, unrolled = h0, []
    for t in range(n):
        h = T.tanh(x[t] + T.dot(h, W))
        unrolled.append(h)
    values = [rng.randn(n, 3).astype(F), rng.randn(3).astype(F), rng.randn(3, 3).astype(F)]
    answers = []
    for out in (hs, T.stack(unrolled)):
        cost = (out**3).sum()
        first = T.grad(cost, [x, h0, W])
        second = T.grad(sum((g**2).sum() for g in first), [x, h0, W])
        answers.append(compile_and_call([x, h0, W], [cost, *first, *second], *values))
    for a, b in zip(*answers):
        np.testing.assert_allclose(a, b, rtol=1e-4 if F == "float32" else 1e-10)


def test_directional_derivatives_of_a_loop():
    x, h0, W, V = T.matrix("x"), T.vector("h0"), T.matrix("W"), T.matrix("V")
    hs, _ = theano.scan(lambda a, h: T.tanh(a + T.dot(h, W)), sequences=x, outputs_info=h0)
    along = T.Rop(hs, W, V)
    values = [rng.randn(4, 3).astype(F), rng.randn(3).astype(F), rng.randn(3, 3).astype(F), rng.randn(3, 3).astype(F)]
    eps = 1e-2 if F == "float32" else 1e-6
    f = theano.function([x, h0, W], hs)
    numeric = (f(*values[:2], values[2] + eps * values[3]) - f(*values[:2], values[2] - eps * values[3])) / (2 * eps)
    np.testing.assert_allclose(compile_and_call([x, h0, W, V], along, *values), numeric, rtol=1e-2, atol=1e-3)


def test_taps_of_sequences_and_outputs_with_gradients():
    u, y0 = T.vector("u"), T.vector("y0")
    a = T.scalar("a")
    ys, _ = theano.scan(
        lambda u4, u0, y3, y1: a * u4 + u0 * y3 + T.sin(y1),
        sequences=dict(input=u, taps=[-4, 0]),
        outputs_info=dict(initial=y0, taps=[-3, -1]),
    )
    n = 6
    ps = [y0[0], y0[1], y0[2]]
    for t in range(n):
        ps.append(a * u[t] + u[t + 4] * ps[t] + T.sin(ps[t + 2]))
    values = [rng.randn(n + 4).astype(F), rng.randn(3).astype(F), np.asarray(0.7, F)]
    both = []
    for out in (ys, T.stack(ps[3:])):
        cost = (out**2).sum()
        both.append(compile_and_call([u, y0, a], [out, *T.grad(cost, [u, y0, a])], *values))
    for p, q in zip(*both):
        np.testing.assert_allclose(p, q, rtol=1e-4 if F == "float32" else 1e-10)


def test_until_stops_and_gradients_follow_the_steps_made():
    x, top = T.scalar("x"), T.scalar("top")
    s, _ = theano.scan(lambda v: (v * x, until(v * x > top)), outputs_info=x, n_steps=100)
    g = T.grad(s[-1], x)
    f = theano.function([x, top], [s, g])
    steps, slope = f(2, 60)
    np.testing.assert_allclose(steps, [4, 8, 16, 32, 64])
    np.testing.assert_allclose(slope, 6 * 2.0**5)


def test_loop_updates_shared_variables_and_random_states():
    from theano.tensor.shared_randomstreams import RandomStreams

    count = theano.shared(0, name="count")
    _, updates = theano.scan(lambda: {count: count + 2}, n_steps=5)
    f = theano.function([], [], updates=updates)
    f()
    f()
    assert count.get_value() == 20
    for make in (RandomStreams, theano.sandbox.rng_mrg.MRG_RandomStreams):
        srng = make(4)
        draws, updates = theano.scan(lambda s=srng: s.uniform((3,)), n_steps=4)
        g = theano.function([], draws, updates=updates)
        first, second = g(), g()
        assert len(np.unique(np.concatenate([first, second]))) == 24


def test_gradient_through_noise_drawn_in_the_step_uses_the_same_draws():
    srng = theano.tensor.shared_randomstreams.RandomStreams(9)
    mrg = theano.sandbox.rng_mrg.MRG_RandomStreams(9)
    for draw in (lambda: srng.normal(()), lambda: mrg.uniform(())):
        w = T.scalar("w")
        hs, updates = theano.scan(lambda h, d=draw: h * w * d(), outputs_info=T.ones(()), n_steps=3)
        f = theano.function([w], [hs[-1], T.grad(hs[-1], w)], updates=updates)
        value, slope = f(1.5)
        np.testing.assert_allclose(slope, 3 * value / 1.5, rtol=1e-5)


def test_loop_invariant_work_stays_outside_and_strict_refuses_what_was_not_passed():
    x, W = T.matrix("x"), theano.shared(np.eye(3, dtype=F), name="W")
    out, _ = theano.scan(lambda r: T.dot(r, T.exp(W)), sequences=x)
    (node,) = [n for n in theano.gof.graph.io_toposort([x], [out]) if type(n.op).__name__ == "Scan"]
    assert not any("exp" in str(n.op) for n in theano.gof.graph.io_toposort(node.op.inputs, node.op.outputs))
    with pytest.raises(theano.gof.fg.MissingInputError, match="strict"):
        theano.scan(lambda r: T.dot(r, W), sequences=x, strict=True)
    theano.scan(lambda r, W_: T.dot(r, W_), sequences=x, non_sequences=W, strict=True)


def test_bad_loops_are_refused():
    x, i = T.vector("x"), T.iscalar("i")
    with pytest.raises(ValueError, match="unknown number of steps"):
        theano.scan(lambda s: s, outputs_info=x)
    with pytest.raises(ValueError, match="negative"):
        theano.scan(lambda s: s, outputs_info=x, n_steps=-1)
    with pytest.raises(ValueError, match="dimension"):
        theano.scan(lambda s: s.sum(), outputs_info=x, n_steps=2)
    with pytest.raises(ValueError, match="dtype"):
        theano.scan(lambda s: s * np.float64(1), outputs_info=T.fvector(), n_steps=2)
    with pytest.raises(ValueError, match="scalar"):
        theano.scan(lambda s: s, sequences=T.scalar())
    f = theano.function([x, i], theano.scan(lambda s: s + 1, outputs_info=x, n_steps=i)[0])
    with pytest.raises(ValueError, match="negative"):
        f(np.ones(2, F), -3)
    assert f(np.ones(2, F), 0).shape == (0, 2)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_more_steps_than_rows_is_an_error_that_says_the_sizes(mode):
    x, i = T.vector("x"), T.iscalar("i")
    f = theano.function([x, i], theano.scan(lambda a, s: s + a, x, T.zeros((), F), n_steps=i)[0], mode=mode)
    np.testing.assert_allclose(f(np.ones(3, F), 2), [1, 2])
    with pytest.raises(ValueError, match=r"sequence 0 \(x\[t\]\) .* has 2 rows .* 5 steps"):
        f(np.ones(2, F), 5)
    with pytest.raises(ValueError, match="n_steps must be an int"):
        theano.scan(lambda a: a, x, n_steps=T.scalar())
    everything, _ = theano.scan(lambda a: a, x, n_steps=np.inf)
    assert theano.function([x], everything, mode=mode)(np.ones(3, F)).shape == (3,)


def test_error_in_a_step_names_the_step_and_leaks_no_update():
    x, s = T.vector("x"), theano.shared(0)
    out, updates = theano.scan(lambda a: ({s: s + 1}), sequences=x)
    looked, _ = theano.scan(lambda a: x[T.cast(a, "int64")], sequences=x)
    f = theano.function([x], looked, updates=updates)
    with pytest.raises(IndexError):
        f(np.asarray([0, 1, 7], F))
    assert s.get_value() == 0
    np.testing.assert_allclose(f(np.asarray([2, 1, 0], F)), [0, 1, 2])
    assert s.get_value() == 3


def test_only_the_last_value_is_kept_where_only_it_is_read():
    x = T.vector("x")
    total = theano.scan(lambda a, s: s + a, sequences=x, outputs_info=T.zeros((), F))[0][-1]
    f = theano.function([x], total)
    (node,) = [n for n in f.maker.fgraph.toposort() if type(n.op).__name__ == "Scan"]
    assert node.op.info.taps == ()
    assert node.op.info.n_carried == 1
    np.testing.assert_allclose(f(np.arange(5, dtype=F)), 10)


def test_functions_with_loops_pickle():
    x = T.vector("x")
    f = theano.function([x], theano.scan(lambda a, s: s + a, sequences=x, outputs_info=T.zeros((), F))[0])
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_allclose(again(np.arange(4, dtype=F)), [0, 1, 3, 6])


def test_choice_computes_only_the_branch_taken():
    seen = []

    @theano.compile.ops.as_op([T.dvector], [T.dvector])
    def noted(v):
        seen.append(len(v))
        return v * 2

    c, x = T.iscalar("c"), T.dvector("x")
    y = ifelse(c, noted(x).sum(), T.prod(x))
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([c, x], [y, T.grad(y, x)], mode=mode) if False else theano.function([c, x], y, mode=mode)
        assert f(0, [1.0, 2.0, 4.0]) == 8
        assert seen == []
        assert f(1, [1.0, 2.0, 4.0]) == 14
        assert seen == [3]
        seen.clear()


def test_choice_of_several_values_with_gradient():
    c, x, y = T.scalar("c"), T.vector("x"), T.vector("y")
    a, b = ifelse(T.gt(c, 0), [x * y, x], [T.exp(x), y])
    g = T.grad((a * b).sum(), [x, y])
    f = theano.function([c, x, y], [a, b, *g])
    v, w = rng.rand(3).astype(F), rng.rand(3).astype(F)
    for got, want in zip(f(1, v, w), (v * w, v, 2 * v * w, v * v)):
        np.testing.assert_allclose(got, want, rtol=1e-5)
    for got, want in zip(f(-1, v, w), (np.exp(v), w, w * np.exp(v), np.exp(v))):
        np.testing.assert_allclose(got, want, rtol=1e-5)
    with pytest.raises(TypeError):
        ifelse(c, T.vector(), T.matrix())
    with pytest.raises(ValueError):
        ifelse(c, [x, y], [x])


@pytest.mark.parametrize("inline", [False, True])
def test_graph_as_an_op_with_shared_variables_gradient_and_overrides(inline):
    x, y, z = T.vectors("x", "y", "z")
    s = theano.shared(np.asarray(2.0, F))
    op = theano.OpFromGraph([x, y], [x * y + s, T.exp(x)], inline=inline)
    a, b = op(z, z * 2)
    values = rng.rand(3).astype(F)
    got = compile_and_call([z], [a, b, T.grad(a.sum() + b.sum(), z), T.grad(a.sum(), s)], values)
    for g, w in zip(got, (2 * values**2 + 2, np.exp(values), 4 * values + np.exp(values), 3)):
        np.testing.assert_allclose(g, w, rtol=1e-5)
    np.testing.assert_allclose(compile_and_call([z], T.Rop(a, z, T.ones_like(z)), values), 4 * values, rtol=1e-5)
    odd = theano.OpFromGraph([x], [x**2], grad_overrides=lambda inputs, grads: [grads[0] * 100])
    np.testing.assert_allclose(compile_and_call([z], T.grad(odd(z).sum(), z), values), [100] * 3)
    with pytest.raises(TypeError):
        theano.OpFromGraph([s], [s * 2])
    with pytest.raises(ValueError):
        op(z)


def test_number_given_for_a_scalar_seen_as_a_vector_by_an_op_without_native_code():
    @theano.compile.ops.as_op([T.dvector], [T.dvector])
    def doubled(v):
        return v * 2

    x = T.dscalar("x")
    f = theano.function([x], [doubled(x.dimshuffle("x")), doubled(x.dimshuffle("x")[:0])])
    for value in (2, np.float64(2), np.asarray(2.0)):
        a, b = f(value)
        np.testing.assert_array_equal(a, [4.0])
        assert b.shape == (0,)


def test_a_python_number_starts_a_state_of_the_dtype_that_steps_give():
    v, i = T.dvector("v"), T.ivector("i")
    sums, _ = theano.scan(lambda x, s: s + x, v, 0)
    counts, _ = theano.scan(lambda x, s: s + x, i, 0)
    assert sums.dtype == "float64" and counts.dtype == "int32"
    found = theano.function([v, i], [sums, counts, T.grad(sums[-1], v)])([0.5, 1.0], [3, 4])
    assert [x.tolist() for x in found] == [[0.5, 1.5], [3, 7], [1.0, 1.0]]


def test_taps_given_twice_are_refused():
    with pytest.raises(ValueError, match="duplicate"):
        theano.scan(lambda a, b: a + b, outputs_info={"initial": T.dvector(), "taps": [-1, -1]}, n_steps=2)


def test_non_sequences_that_no_step_uses_are_used_by_the_function():
    v, w = T.dvector("v"), T.dvector("w")
    rows, _ = theano.scan(lambda x, w: x * 2, v, non_sequences=w)
    assert theano.function([v, w], rows)([1.0], [3.0]).tolist() == [2.0]


def test_gradients_and_tangents_of_loops_have_test_values():
    x, w = T.dmatrix("x"), T.dvector("w")
    x.tag.test_value, w.tag.test_value = np.ones((4, 3)), np.full(3, 0.5)
    with theano.config.change_flags(compute_test_value="raise"):
        rows, _ = theano.scan(lambda row, h, w: T.tanh(row * w + h), x, T.zeros(3), w)
        first = T.grad(rows[-1].sum(), w)
        several = [first, T.grad(first.sum(), w), T.Rop(rows[-1], w, w)]
        rows, _ = theano.scan(
            lambda a, b, w: a * w + b, outputs_info={"initial": x, "taps": [-3, -1]}, non_sequences=w, n_steps=2
        )
        several.append(T.grad(rows[-1].sum(), x))
    for v, want in zip(several, theano.function([x, w], several)(x.tag.test_value, w.tag.test_value)):
        np.testing.assert_allclose(v.tag.test_value, want)


def test_what_a_step_draws_from_has_no_gradient_and_what_it_adds_to_has():
    from theano.tensor.shared_randomstreams import RandomStreams

    stream, mean, h = RandomStreams(1), T.dscalar("mean"), T.dvector("h")
    rows, updates = theano.scan(lambda h: h / 2 + stream.normal(avg=mean, size=(3,)), outputs_info=h, n_steps=4)
    with pytest.raises(theano.gradient.NullTypeGradError):
        T.grad(rows.sum(), mean)
    slope = theano.function([mean, h], T.grad(rows[-1].sum(), h), updates=updates)
    np.testing.assert_allclose(slope(1.0, [1.0, 2.0, 3.0]), np.full(3, 1 / 16))


def test_a_loop_whose_gradient_nobody_reads_leaves_nothing_behind():
    """A sum after a loop whose own result was dead stayed in the graph for ever, with no place in its order."""
    from theon.graph.fgraph import FunctionGraph

    a, b = T.dvectors("a", "b")
    graph = FunctionGraph([a, b], [a + b])
    dead = T.exp(graph.inputs[0])
    graph._import(dead, "test")
    graph.replace(dead, T.sin(graph.inputs[1]))
    assert {str(node.op) for node in graph.apply_nodes} == {"Elemwise{add,no_inplace}", "Elemwise{exp,no_inplace}"}


def test_cloning_with_inputs_of_its_own_copies_what_was_put_in():
    a, b, c = T.dvectors("a", "b", "c")
    copy = theano.clone(a + b, replace={b: c * 2}, share_inputs=False)
    inputs = [v for v in theano.gof.graph.inputs([copy]) if not isinstance(v, theano.gof.Constant)]
    assert [v.name for v in inputs] == ["a", "c"] and not {a, b, c} & set(inputs)


def test_inspection_code_finds_random_states_and_places():
    from theano.tensor.shared_randomstreams import RandomStreams

    stream, v = RandomStreams(3), T.dvector("v")
    rows, updates = theano.scan(lambda x: x + stream.uniform(), v)
    f = theano.function([v], rows, updates=updates)
    (state,) = [i for i in f.maker.expanded_inputs if i.value and isinstance(i.value.data, np.random.RandomState)]
    first = f([0.0, 0.0])
    state.value.data = np.random.RandomState(7)
    np.testing.assert_array_equal(f([0.0, 0.0]), np.random.RandomState(7).uniform(size=2))
    assert not np.array_equal(first, f([0.0, 0.0]))
    op = rows.owner.op
    assert op.var_mappings == op.get_oinp_iinp_iout_oout_mappings()


def test_start_of_a_state_that_no_step_reads_is_disconnected():
    """z starts somewhere, but each of its values is made of x: its start has no gradient, as that of y has none in x."""
    x0, y0, z0 = T.dvectors("x0", "y0", "z0")
    (x, y, z), _ = theano.scan(lambda x, y, z: [x**2, y, x + 1], outputs_info=[x0, y0, z0], n_steps=3)
    cost = (x + y + z).sum()
    f = theano.function([x0, y0, z0], T.grad(cost, [x0, y0]), on_unused_input="ignore")
    assert [len(g) for g in f([2.0], [1.0], [5.0])] == [1, 1]
    for of, start in ((cost, z0), (x.sum(), y0)):
        with pytest.raises(theano.gradient.DisconnectedInputError):
            T.grad(of, start)


def test_chunk_shorter_than_the_taps_takes_gradients_to_the_start():
    """z is read two steps later by x alone: with chunks of one step its start reaches x by way of the chunks."""
    x0, z0 = T.dscalar("x0"), T.dvector("z0")
    answers = []
    for every in (None, 1, 3):
        (x, _), _ = theano.scan(
            lambda x, z: [x * T.sin(z), x + 1],
            outputs_info=[x0, dict(initial=z0, taps=[-2])],
            n_steps=4,
            checkpoint_every=every,
        )
        answers.append(theano.function([x0, z0], T.grad(x.sum(), [x0, z0]))(0.7, [0.3, 1.1]))
    for got in answers[1:]:
        for a, b in zip(got, answers[0]):
            np.testing.assert_allclose(a, b)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_errors_of_steps_name_the_step_the_state_the_sizes_and_the_line(mode):
    rows, start, W = T.dmatrix("rows"), T.dvector("start"), T.dmatrix("W")

    def said(step, outputs_info, *values, n_steps=None):
        out, _ = theano.scan(step, rows, outputs_info, n_steps=n_steps, name="recurrence")
        f = theano.function([rows, start, W], out, mode=mode, on_unused_input="ignore")
        with pytest.raises((ValueError, IndexError)) as info:
            f(*values)
        text = "\n".join([str(info.value), *getattr(info.value, "__notes__", [])])
        assert "recurrence" in text and "test_loops.py" in text
        return text

    ones = np.ones((3, 2)), np.ones(2), np.ones((2, 2))
    text = said(lambda a, h: T.tanh(a + h), start, ones[0], np.ones(3), ones[2])
    assert "(2,) (3,)" in text and "step 0 of" in text and "start[t-1]" in text
    text = said(lambda a, h: a.sum() + T.dot(h, W), start, *ones[:2], np.ones((2, 5)))
    assert "step 0 of" in text and "recurrent state 0 (start[t-1]) shape (5,), it has shape (2,)" in text
    text = said(lambda a, h: start[T.cast(a[0], "int64")] + h, start, ones[0] * [[1], [0], [7]], *ones[1:])
    assert "index 7 is out of bounds for axis 0 with size 2" in text and "step 2 of" in text
    text = said(lambda a, p, q: p + q, dict(initial=rows, taps=[-5, -1]), *ones)
    assert "recurrent state 0 (rows[t-5]) of for{cpu,recurrence} needs 5 first rows and was given 3" in text
    text = said(lambda a, h: a + h, start, *ones, n_steps=4)
    assert "(rows[t]) of for{cpu,recurrence} has 3 rows (of shape (2,)), 4 steps are asked for" in text


@pytest.mark.parametrize("form", [dict, list, tuple, OrderedUpdates])
def test_a_step_gives_updates_in_every_form(form):
    total = theano.shared(0.0)
    x = T.dvector("x")
    found, updates = theano.scan(lambda v: (2 * v, form([(total, total + v)])), sequences=x)
    f = theano.function([x], found, updates=updates)
    assert f([1.0, 2.0, 4.0]).tolist() == [2.0, 4.0, 8.0] and total.get_value() == 7.0


def test_until_ends_a_loop_that_goes_backwards():
    x = T.dvector("x")
    h, _ = theano.scan(
        lambda v, b: (b + v, theano.scan_module.until(b + v > 5)), x, T.constant(np.float64(0)), go_backwards=True
    )
    values, slope = theano.function([x], [h, T.grad(h[-1], x)])([9.0, 1.0, 4.0, 2.0])
    assert values.tolist() == [2.0, 6.0] and slope.tolist() == [0.0, 0.0, 1.0, 1.0]
