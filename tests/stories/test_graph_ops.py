"""OpFromGraph with every form of override, custom_vjp, theano.clone."""

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theano.compile.builders import OpFromGraph
from theano.gradient import DisconnectedType, grad_not_implemented

x, y, z, v = T.dvectors("x", "y", "z", "v")
A, B = np.asarray([0.5, 2.0]), np.asarray([3.0, -1.0])


def gradients(op, n=2):
    """Gradients of the sum of the op's first output, as arrays."""
    p, q = T.dvectors("p", "q")
    out = op(p, q)
    out = out[0] if isinstance(out, list) else out
    found = T.grad(out.sum(), [p, q], disconnected_inputs="ignore")
    return theano.function([p, q], found, on_unused_input="ignore")(A, B)


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("kind", ["grad", "lop"])
def test_gradient_by_function_op_list_default_none_and_variable(kind, inline):
    out = x * y
    g = T.dvector("g")
    middle = [T.dvector("o")] if kind == "lop" else []

    def whole(inputs, *rest):
        assert len(rest) == (2 if kind == "lop" else 1)
        return [rest[-1][0] * 7, rest[-1][0] * inputs[0]]

    def one(inputs, *rest):
        return rest[-1][0] * 5

    as_op = OpFromGraph([x, y, *middle, g], [g * 7, g * x], on_unused_input="ignore")
    single = OpFromGraph([x, y, *middle, g], [g * 5], on_unused_input="ignore")
    cases = [
        ("default", [B, A]),
        (whole, [[7, 7], A]),
        (as_op, [[7, 7], A]),
        ([one, "default"], [[5, 5], A]),
        ([None, one], [[0, 0], [5, 5]]),
        (["default", single], [B, [5, 5]]),
        ([DisconnectedType()(), one], [[0, 0], [5, 5]]),
    ]
    for override, wanted in cases:
        op = OpFromGraph([x, y], [out], inline=inline, **{f"{kind}_overrides": override})
        for got, want in zip(gradients(op), wanted):
            np.testing.assert_allclose(got, want)
    op = OpFromGraph([x, y], [out], inline=inline)
    getattr(op, f"set_{kind}_overrides")(whole)
    np.testing.assert_allclose(gradients(op)[0], [7, 7])
    nothing = OpFromGraph([x, y], [out], **{f"{kind}_overrides": grad_not_implemented(op, 0, x)})
    with pytest.raises(theano.gradient.NullTypeGradError):
        gradients(nothing)


def test_bad_overrides_are_refused():
    for kind in ("lop_overrides", "grad_overrides"):
        with pytest.raises(ValueError, match="2 gradients, got 1"):
            OpFromGraph([x, y], [x * y], **{kind: ["default"]})
        with pytest.raises(TypeError, match="override should be"):
            OpFromGraph([x, y], [x * y], **{kind: 3})
        with pytest.raises(ValueError, match="NullType"):
            OpFromGraph([x, y], [x * y], **{kind: x})
    with pytest.raises(ValueError, match="exclusive"):
        OpFromGraph([x], [x], lop_overrides=lambda *a: a, grad_overrides=lambda *a: a)
    with pytest.raises(TypeError):
        OpFromGraph([x], x)
    with pytest.raises(theano.gof.fg.MissingInputError, match="y"):
        OpFromGraph([x], [x * y])


@pytest.mark.parametrize("inline", [False, True])
def test_directional_derivatives_by_function_op_and_list(inline):
    out = [x * y, T.exp(x)]
    point, other = T.dvector(), T.dvector()
    as_op = OpFromGraph([x, y, point, other], [point * 3, other * 4], on_unused_input="ignore")
    cases = [
        ("default", [B * 1.5, np.exp(A) * 1.5]),
        (lambda inputs, points: [points[0] * 3, points[0] * 4], [[4.5, 4.5], [6, 6]]),
        ([lambda inputs, points: points[0] * 3, "default"], [[4.5, 4.5], np.exp(A) * 1.5]),
    ]
    for override, wanted in cases:
        op = OpFromGraph([x, y], out, rop_overrides=override, inline=inline)
        p, q = T.dvectors("p", "q")
        found = T.Rop(op(p, q), p, v)
        for got, want in zip(theano.function([p, q, v], found, on_unused_input="ignore")(A, B, [1.5, 1.5]), wanted):
            np.testing.assert_allclose(got, want)
    op = OpFromGraph([x, y], out, rop_overrides=as_op, inline=inline)
    p, q, w = T.dvectors("p", "q", "w")
    found = T.Rop(op(p, q), [p, q], [v, w])
    got = theano.function([p, q, v, w], found, on_unused_input="ignore")(A, B, [1.0, 1.0], [2.0, 2.0])
    np.testing.assert_allclose(got, [[3, 3], [8, 8]])


def test_gradients_and_directional_derivatives_as_ops():
    op = OpFromGraph([x, y], [x * y**2])
    lop, rop = op.get_lop_op(), op.get_rop_op()
    p, q, g, s, t = T.dvectors("p", "q", "g", "s", "t")
    found = [*lop(p, q, op(p, q), g), rop(p, q, s, t)]
    values = [A, B, np.asarray([1.0, 2.0]), np.asarray([1.0, 0.0]), np.asarray([0.0, 1.0])]
    got = theano.function([p, q, g, s, t], found)(*values)
    for a, b in zip(got, [values[2] * B**2, values[2] * 2 * A * B, [9.0, -4.0]]):
        np.testing.assert_allclose(a, b)


def test_second_order_connection_pattern_and_use_in_loops():
    op = OpFromGraph([x, y], [T.sin(x) * y], name="wave")
    assert str(op).startswith("wave")
    assert op.connection_pattern(op.make_node(x, y)) == [[True], [True]]
    given = OpFromGraph([x, y], [x * y], connection_pattern=[[True], [False]])
    a, b = T.dvectors("a", "b")
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(given(a, b).sum(), b)
    h = T.grad(T.grad(op(a, b).sum(), a).sum(), a)
    np.testing.assert_allclose(theano.function([a, b], h)(A, B), -np.sin(A) * B)
    rows, _ = theano.scan(lambda r, s: op(r, s), outputs_info=a, non_sequences=b, n_steps=3)
    f = theano.function([a, b], [rows[-1], T.grad(rows[-1].sum(), a)])
    want, slope = A, np.ones(2)
    for _ in range(3):
        want, slope = np.sin(want) * B, slope * np.cos(want) * B
    for got, w in zip(f(A, B), (want, slope)):
        np.testing.assert_allclose(got, w)
    assert "python " not in theon.explain(f)


def test_function_with_a_gradient_of_its_own():
    @theon.custom_vjp(vjp=lambda inputs, outputs, grads: [T.clip(grads[0], -1, 1)])
    def gentle(p):
        """Passes."""
        return 1 * p

    assert gentle.__doc__ == "Passes."
    a, b = T.dvectors("a", "b")
    f = theano.function([a], [gentle(a), T.grad((gentle(a) ** 2).sum(), a)])
    np.testing.assert_allclose(f([0.25, 3.0])[1], [0.5, 1.0])
    pair = theon.custom_vjp(
        lambda p, q: (p * q, p + q), lambda i, o, g: [g[0] * 10 + o[0], None], jvp=lambda i, t: [t[0] * 2, t[0] * 3]
    )
    m, n = pair(a, b)
    found = [*T.grad(m.sum() + n.sum(), [a, b]), *T.Rop([m, n], a, v)]
    got = theano.function([a, b, v], found)(A, B, [1.0, 1.0])
    for p, q in zip(got, [10 + A * B, [0, 0], [2, 2], [3, 3]]):
        np.testing.assert_allclose(p, q)
    with pytest.raises(TypeError, match="vjp"):
        theon.custom_vjp(lambda p: p)


def test_clone_replaces_shares_and_copies():
    s = theano.shared(3.0, name="s")
    out = s * x
    np.testing.assert_allclose(theano.function([z], theano.clone(out, {x: z}))([1.0, 2.0]), [3, 6])
    np.testing.assert_allclose(theano.function([z], theano.clone([out, x], [(x, z)])[0])([1.0]), [3])
    assert set(theano.gof.graph.inputs([theano.clone(out)])) == {s, x}
    for options in (dict(share_inputs=False), dict(copy_inputs=False)):
        leaves = theano.gof.graph.inputs([theano.clone(out, **options)])
        assert not set(leaves) & {s, x}
        (copied,) = [leaf for leaf in leaves if hasattr(leaf, "get_value")]
        assert copied.container is s.container and copied.name == "s"
    with pytest.raises(TypeError):
        theano.clone(out, {x: T.fvector()})
    assert theano.clone(out, {x: T.fvector()}, strict=False).type.dtype == "float64"


@pytest.mark.parametrize("whole", [False, True])
def test_input_overridden_as_disconnected_is_disconnected(whole):
    x, w, b = T.dvectors("x", "w", "b")
    cut = DisconnectedType()()
    null = theano.gradient.NullType("not wanted")()
    overrides = cut if whole else [lambda inputs, grads: grads[0] * 2, null, cut]
    op = OpFromGraph([x, w, b], [x * w + b], grad_overrides=overrides)
    given = T.dvectors("x1", "w1", "b1")
    cost = op(*given).sum()
    found = T.grad(
        cost, given, return_disconnected="Disconnected", disconnected_inputs="ignore", null_gradients="return"
    )
    assert isinstance(found[2].type, DisconnectedType)
    with pytest.raises(theano.gradient.DisconnectedInputError):
        T.grad(cost, given[2])
    if not whole:
        assert isinstance(found[1].type, theano.gradient.NullType)
        np.testing.assert_allclose(theano.function(given, found[0], on_unused_input="ignore")([1], [2], [3]), [2])


def test_directional_derivative_uses_the_inputs_of_the_graph():
    """The product of a constant Jacobian with a point does not need x, but x is one of its inputs."""
    a, m, x, w, point = T.dvector(), T.dmatrix(), T.dvector("x"), T.dmatrix("w"), T.dvector("p")
    pushed = T.Rop(OpFromGraph([a, m], [T.dot(a, m)])(x, w), x, point)
    f = theano.function([x, w, point], pushed)
    np.testing.assert_allclose(f([1, 1], [[1, 2], [3, 4]], [1, -1]), [-2, -2])
    nothing = OpFromGraph([a, m], [T.dot(a, m), m * 2])(x, w)[1]
    assert T.Rop(nothing, x, point, disconnected_outputs="ignore", return_disconnected="None") is None
