"""ifelse as a branch of native code: one call, the branch not taken costs nothing, the same numbers as node by node."""

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theano.ifelse import ifelse
from theano.scan_module import until

c, x, y = T.dscalar("c"), T.dvector("x"), T.dvector("y")
V, W = np.asarray([1.0, 2.0]), np.asarray([3.0, 1.0, 0.5])


def check(inputs, outputs, *calls):
    """Native code and the reference agree, twice in a row (memory is used again); no Python runs in between."""
    native = theano.function(inputs, outputs, on_unused_input="ignore")
    assert native._native is not None
    assert "python " not in theon.explain(native)
    reference = theano.function(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")
    for values in [*calls, *calls]:
        for got, want in zip(native(*values), reference(*values), strict=True):
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_branches_of_the_same_sizes_write_into_the_same_memory():
    check([c, x], [ifelse(c, T.exp(x), x * 2), ifelse(c, x.sum(), x[0] * 2)], (1.0, V), (0.0, W), (np.nan, V))


def test_branches_of_different_sizes():
    z = ifelse(c, T.exp(x), y * 2)
    check([c, x, y], [T.sin(z), z.sum(), z.shape[0], z[-1]], (1.0, V, W), (0.0, V, W))
    z = ifelse(c > 0, T.zeros((T.cast(c, "int64"), 2)), T.ones((3, 2)))
    check([c], [z, z.shape], (5.0,), (-1.0,))


def test_choices_within_choices_with_gradient():
    z = ifelse(c > 0, ifelse(c > 1, T.exp(x), T.sin(x)), ifelse(c < -1, x * 2, T.cos(x) + x[1]))
    check([c, x], [z, T.grad(z.sum(), x)], *((v, V) for v in (2.0, 0.5, -0.5, -2.0)))
    a, b = ifelse(c > 0, [x * y, T.exp(x).sum()], [T.exp(x), y.prod()])
    check([c, x, y], [a, b, *T.grad((a * b).sum(), [x, y])], (1.0, V, V), (-1.0, V, V))


def test_choices_in_steps_and_loops_in_choices():
    rows, _ = theano.scan(
        lambda a, s: ifelse(T.gt(a, 0), s + T.exp(a), s * 2), sequences=x, outputs_info=T.ones_like(y)
    )
    check([x, y], [rows, rows[-1], T.grad((rows**2).sum(), x)], ([1.0, -2.0, 0.5], V))
    z = ifelse(c > 0, rows[-1], T.exp(y))
    check([c, x, y], [z, T.grad(z.sum(), x)], (1.0, W, V), (0.0, W, V))
    rows, _ = theano.scan(
        lambda s: (ifelse(T.gt(s.sum(), 10), s * 2, s + 1), until(s.sum() > 100)), outputs_info=y, n_steps=50
    )
    check([y], [rows, T.grad(rows.sum(), y)], (V,), (W,))


def test_branch_not_taken_runs_nothing_also_where_python_runs_and_values_are_no_tensors():
    seen = []

    @theano.compile.ops.as_op([T.dvector], [T.dvector])
    def noted(v):
        seen.append(len(v))
        return v[:1] * 3

    f = theano.function([c, x, y], ifelse(c > 0, noted(x), T.exp(y)) * 2)
    np.testing.assert_allclose(f(0.0, V, W), 2 * np.exp(W))
    assert seen == []
    np.testing.assert_allclose(f(1.0, V, W), [6.0])
    assert seen == [2]
    matrix = theano.sparse.csr_matrix("matrix")
    g = theano.function([c, matrix], ifelse(c > 0, matrix * 2.0, matrix * 3.0))
    assert "if{lazy}" in [str(node.op) for node in g.maker.fgraph.toposort()]
    import scipy.sparse

    assert g(-1.0, scipy.sparse.csr_matrix(np.eye(2))).toarray()[1, 1] == 3


def test_error_in_a_branch_only_where_it_is_taken_and_no_update_then():
    i, s = T.iscalar("i"), theano.shared(np.arange(3.0))
    f = theano.function([c, x, i], ifelse(c > 0, x[i], x.sum()), updates=[(s, ifelse(c > 0, s * 2, s))])
    assert f(0.0, V, 5) == 3
    with pytest.raises(IndexError, match="out of bounds"):
        f(1.0, V, 5)
    np.testing.assert_array_equal(s.get_value(), np.arange(3.0))
    assert f(1.0, V, 1) == 2
    np.testing.assert_array_equal(s.get_value(), 2 * np.arange(3.0))


class Noted(theano.Op):
    """The sine of a vector; ``seen`` remembers who was asked for it, or for its slope, and under which conditions that is needed."""

    __props__ = ("needed", "slope")
    seen: list = []

    def __init__(self, needed, slope=False):
        self.needed, self.slope = needed, slope

    def make_node(self, v):
        return theano.Apply(self, [v], [v.type()])

    def perform(self, node, inputs, cells):
        self.seen.append(self.needed)
        cells[0][0] = (np.cos if self.slope else np.sin)(inputs[0])

    def infer_shape(self, node, shapes):
        return shapes

    def grad(self, inputs, gradients):
        g = gradients[0] * Noted(self.needed, not self.slope)(inputs[0])
        return [-g if self.slope else g]


CONDITIONS = T.iscalars("p", "q", "r")


def drawn_choices(draw, depth, known, parts, choose, user):
    """A random expression of choices within choices that share parts; ``known``: the conditions and what they are here."""

    def again(known=known, parts=parts):
        return drawn_choices(draw, depth - 1, known, parts, choose, user)

    kind = draw.random_sample()
    if depth == 0 or kind < 0.15:
        return parts[draw.randint(len(parts))]
    if kind < 0.3:
        return again() * T.tanh(again())
    if kind < 0.5:
        return user(known)(again())
    if kind < 0.6:
        return T.exp(-(again() ** 2)) + y
    place, shared = draw.randint(len(CONDITIONS)), again()
    if place in dict(known):
        return shared * 2
    sides = [again((*known, (place, flag)), [*parts, shared]) for flag in (True, False)]
    return choose(CONDITIONS[place], *sides)


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
@pytest.mark.parametrize("seed", [1, 5])
def test_a_branch_not_taken_costs_nothing_in_gradients_either(seed, mode):
    def functions(choose, user, mode):
        z = drawn_choices(np.random.RandomState(seed), 5, (), [x, y, x * y], choose, user)
        first = T.grad((z**2).sum() + T.sin(y).sum(), [x, y], disconnected_inputs="ignore")
        second = T.grad((first[0] * y).sum() + (first[1] ** 2).sum(), [x, y], disconnected_inputs="ignore")
        return theano.function([*CONDITIONS, x, y], [z, *first, *second], mode=mode, on_unused_input="ignore")

    lazy = functions(ifelse, Noted, mode)
    eager = functions(T.switch, lambda known: T.sin, "FAST_RUN")
    for bits in range(8):
        flags = [bits >> i & 1 for i in range(3)]
        Noted.seen.clear()
        for got, want in zip(lazy(*flags, V, W[:2]), eager(*flags, V, W[:2]), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
        assert all(flags[place] == flag for known in Noted.seen for place, flag in known)


def test_the_loss_hands_what_it_computed_to_its_gradient():
    z = ifelse(c > 0, Noted("first")(x).sum(), (Noted("second")(x * y) ** 2).sum())
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([c, x, y], [z, *T.grad(z, [x, y])], mode=mode)
        Noted.seen.clear()
        f(1.0, V, V), f(-1.0, V, V)
        assert Noted.seen == ["first"] * 2 + ["second"] * 2  # the value, and the slope for both gradients


def test_gradient_of_a_choice_in_the_steps_of_a_loop_computes_the_branch_taken():
    xs = T.dmatrix("xs")

    def loop(choose, user):
        step = lambda row, s: choose(T.gt(row[0], 0), user("first")(s) * y, user("second")(s * y) + row)
        rows, _ = theano.scan(step, xs, x)
        return [rows, *T.grad((rows**2).sum(), [xs, x, y])]

    given = [[1.0, 2.0], [-1.0, 0.5], [0.5, 0.1], [2.0, 0.3]]
    want = theano.function([xs, x, y], loop(T.switch, lambda known: T.sin))(given, V, V)
    for mode in ("FAST_RUN", "FAST_COMPILE"):
        f = theano.function([xs, x, y], loop(ifelse, Noted), mode=mode)
        Noted.seen.clear()
        for a, b in zip(f(given, V, V), want, strict=True):
            np.testing.assert_allclose(a, b)
        # Three steps on the one side, one on the other: the values, once more on the way back at most, and the slopes.
        assert Noted.seen.count("first") <= 12 and Noted.seen.count("second") <= 4


def test_a_branch_not_taken_may_be_infinite():
    z = ifelse(c > 0, T.log(x).sum(), (x**2).sum())
    f = theano.function([c, x], T.grad(z, x))
    np.testing.assert_array_equal(f(-1.0, [0.0, 1.0]), [0.0, 2.0])
    f = theano.function([c, x], T.grad(ifelse(c > 0, T.log(x[0]), c * 2), x))
    np.testing.assert_array_equal(f(-1.0, [0.0, 1.0]), [0.0, 0.0])


def test_the_condition_has_gradient_zero():
    score = T.dot(x, y)
    cost = ifelse(score > 0, 0, 1)
    found = theano.function([x, y], [cost, *T.grad(cost, [x, y])])(V, V)
    assert found[0] == 0 and found[1].tolist() == [0, 0] and found[2].tolist() == [0, 0]
    z = ifelse(score > 0, x, x * 3)
    np.testing.assert_array_equal(theano.function([x, y], T.grad(z.sum(), x))(V, -V), [3, 3])
