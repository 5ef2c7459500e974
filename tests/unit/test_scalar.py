"""Scalar types, variables and ops, and elementwise ops and reductions made of users' scalar ops."""

import pickle

import numpy as np
import pytest

import theano
import theano.scalar as ts
import theano.tensor as T
from theano.tensor.elemwise import CAReduce, CAReduceDtype, Prod, ProdWithoutZeros, Sum

RNG = np.random.RandomState


class Cube(ts.UnaryScalarOp):
    def impl(self, x):
        return x * x * x

    def grad(self, inputs, output_grads):
        (x,), (g,) = inputs, output_grads
        return [g * 3 * ts.sqr(x)]


cube = T.Elemwise(Cube(ts.upgrade_to_float, name="cube"))


def test_user_op_value_and_gradient_on_arrays():
    x = T.dmatrix("x")
    value = np.arange(6.0).reshape(2, 3)
    f = theano.function([x], [cube(x), T.grad(cube(x).sum(), x)])
    got, slope = f(value)
    np.testing.assert_allclose(got, value**3)
    np.testing.assert_allclose(slope, 3 * value**2)
    T.verify_grad(cube, [value], rng=RNG(0))
    T.verify_grad(lambda v: T.grad(cube(v).sum(), v), [value], rng=RNG(0))
    assert str(cube) == "Elemwise{cube}"


def test_user_op_follows_its_dtype_rule():
    assert [cube(T.tensor(d, (False,))).dtype for d in ("int8", "int32", "float32")] == [
        "float32",
        "float64",
        "float32",
    ]
    doubled = T.Elemwise(Cube(ts.same_out))
    assert doubled(T.ivector()).dtype == "int32"
    x = T.ivector("x")
    assert theano.function([x], doubled(x))([2, 3]).tolist() == [8, 27]


def test_user_op_of_two_inputs_broadcasts_and_sums_its_gradient():
    class Hypot(ts.BinaryScalarOp):
        nfunc_spec = ("hypot", 2, 1)

        def impl(self, x, y):
            return np.hypot(x, y)

        def L_op(self, inputs, outputs, output_grads):
            (x, y), (o,), (g,) = inputs, outputs, output_grads
            return [g * x / o, g * y / o]

    op = T.Elemwise(Hypot(ts.upgrade_to_float, name="hypot"))
    T.verify_grad(op, [RNG(1).rand(3, 4) + 1, RNG(2).rand(4) + 1], rng=RNG(0))
    T.verify_grad(op, [RNG(1).rand(3, 4) + 1, RNG(2).rand(3, 1) + 1], rng=RNG(0))
    x = T.dvector("x")
    np.testing.assert_allclose(theano.function([x], op(x, 3.0))([4.0, 0.0]), [5, 3])


def test_user_op_without_gradient_is_told_by_name():
    class Odd(ts.UnaryScalarOp):
        def impl(self, x):
            return x

    x = T.dvector("x")
    with pytest.raises(Exception, match="no gradient"):
        T.grad(T.Elemwise(Odd(ts.same_out, name="odd"))(x).sum(), x)


def test_class_derived_from_a_declared_op_computes_its_own():
    class More(ts.Add):
        def impl(self, x, y):
            return x + y + 1

    x = T.dvector("x")
    assert theano.function([x], T.Elemwise(More())(x, x))([1.0]).tolist() == [3.0]
    assert theano.function([x], T.Elemwise(ts.Add(ts.upcast_out, name="mine"))(x, x))([1.0]).tolist() == [2.0]


def test_user_op_named_like_a_builtin_is_not_compiled_as_it():
    class Sum(theano.Op):
        __props__ = ()
        itypes = [T.dvector]
        otypes = [T.dvector]

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0] + 40

    class Exp(ts.UnaryScalarOp):
        def impl(self, x):
            return x - 1

    x = T.dvector("x")
    f = theano.function([x], [Sum()(x), T.Elemwise(Exp(ts.same_out, name="exp"))(x)])
    assert [v.tolist() for v in f([2.0])] == [[42.0], [1.0]]


def test_scalar_variables_have_operators_and_functions():
    x, n = ts.float64("x"), ts.int32("n")
    out = ts.exp(x) * n + x / 2 - (-x) ** 2
    assert isinstance(out, ts.ScalarVariable) and out.type == ts.float64 and out.ndim == 0
    f = theano.function([x, n], [out, x < n, x.astype("float32"), n // 2, n % 2, ~n, 1 - x])
    value, less, small, half, rest, inverted, minus = f(1.5, 3)
    assert value == pytest.approx(np.exp(1.5) * 3 + 0.75 - 2.25)
    assert (bool(less), float(small), int(half), int(rest), int(inverted), float(minus)) == (True, 1.5, 1, 1, -4, -0.5)


def test_scalars_and_tensors_convert_into_each_other():
    v = T.dscalar("v")
    s = T.scalar_from_tensor(v)
    assert isinstance(s, ts.ScalarVariable)
    z = T.tensor_from_scalar(ts.exp(s) * 2)
    f = theano.function([v], [z, T.grad(z, v), T.exp(s) + T.as_tensor_variable(s)])
    assert [float(a) for a in f(0.5)] == pytest.approx([2 * np.exp(0.5)] * 2 + [np.exp(0.5) + 0.5])
    with pytest.raises(TypeError):
        T.scalar_from_tensor(T.dvector())


def test_scalar_types():
    assert str(ts.float32) == "float32" and repr(ts.Scalar("int8")) == "Scalar(int8)"
    assert ts.float32 == ts.get_scalar_type("float32") and ts.float32 != ts.float64
    assert ts.int8.filter(3) == 3 and type(ts.int8.filter(3)) is np.int8
    for bad in (300, 1.5, [1], "a", None):
        with pytest.raises(TypeError):
            ts.int8.filter(bad)
    with pytest.raises(TypeError):
        ts.Scalar("float17")
    assert ts.upcast("int32", "float32") == "float64"
    assert [v.dtype for v in ts.as_common_dtype(ts.int8("a"), ts.float32("b"))] == ["float32", "float32"]
    assert ts.constant(2).type == ts.int8 and ts.as_scalar(1.5).type.dtype == "float32"
    assert [str(t) for t in ts.all_types][:3] == ["bool", "int8", "int16"]
    assert pickle.loads(pickle.dumps(ts.float32)) == ts.float32
    assert pickle.loads(pickle.dumps(ts.exp)) is ts.exp


@pytest.mark.parametrize(
    ("rule", "given", "wanted"),
    [
        (ts.upcast_out, ["int8", "float32"], "float32"),
        (ts.upcast_out_min8, ["bool", "bool"], "int8"),
        (ts.upcast_out_nobool, ["bool", "bool"], TypeError),
        (ts.upcast_out_no_complex, ["complex64"], TypeError),
        (ts.upgrade_to_float, ["int64"], "float64"),
        (ts.upgrade_to_float, ["int8"], "float32"),
        (ts.upgrade_to_float_no_complex, ["complex64"], TypeError),
        (ts.upgrade_to_float64, ["float32"], "float64"),
        (ts.same_out, ["int16"], "int16"),
        (ts.same_out_float_only, ["int16"], TypeError),
        (ts.same_out_nobool, ["bool"], TypeError),
        (ts.same_out_min8, ["bool"], "int8"),
        (ts.int_out, ["float32"], "int64"),
        (ts.float_out_nocomplex, ["complex64"], TypeError),
        (ts.transfer_type(1), ["int8", "float32"], "float32"),
        (ts.specific_out(ts.int16), ["float64"], "int16"),
        (ts.real_out, ["complex64"], "float32"),
        (ts.unary_out_lookup({ts.int8: ts.float64}), ["int8"], "float64"),
    ],
)
def test_dtype_rules(rule, given, wanted):
    types = [ts.get_scalar_type(d) for d in given]
    if wanted is TypeError:
        with pytest.raises(TypeError):
            rule(*types)
    else:
        assert [t.dtype for t in rule(*types)] == [wanted]


def test_composite_is_one_scalar_op_with_several_outputs():
    x, y = ts.floats("xy")
    op = ts.Composite([x, y], [ts.exp(x) * y, x + 1])
    assert str(op) == "Composite{(exp(i0) * i1), (i0 + Constant{1})}"
    assert op == ts.Composite([x, y], [ts.exp(x) * y, x + 1]) and hash(op) == hash(pickle.loads(pickle.dumps(op)))
    assert op != ts.Composite([x, y], [ts.exp(y) * x, x + 1])
    elementwise = T.Elemwise(op)
    m, v = T.dmatrix("m"), T.dvector("v")
    first, second = elementwise(m, v)
    f = theano.function([m, v], [first, second, *T.grad(first.sum(), [m, v])])
    a, b = RNG(1).rand(2, 3), RNG(2).rand(3)
    one, two, da, db = f(a, b)
    np.testing.assert_allclose(one, np.exp(a) * b)
    np.testing.assert_allclose(two, a + 1)
    np.testing.assert_allclose(da, np.exp(a) * b)
    np.testing.assert_allclose(db, np.exp(a).sum(axis=0))
    slow = theano.function([m, v], [first, second], mode="FAST_COMPILE")(a, b)
    np.testing.assert_allclose(slow[0], one)
    assert [o.dtype for o in elementwise(T.fvector(), T.fvector())] == ["float32", "float32"]
    assert [float(o) for o in theano.function([x, y], op(x, y))(0.0, 3.0)] == [3.0, 1.0]
    with pytest.raises(ValueError):
        ts.Composite([x], [x + y])


@pytest.mark.parametrize("op", ["add", "mul", "maximum", "minimum"])
@pytest.mark.parametrize("axis", [None, 0, [1], (0, 2)])
def test_careduce_of_declared_ops(op, axis):
    x = T.dtensor3("x")
    value = RNG(3).rand(2, 3, 4)
    ufunc = {"add": np.sum, "mul": np.prod, "maximum": np.max, "minimum": np.min}[op]
    out = CAReduce(getattr(ts, op), axis=axis)(x)
    axes = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose(theano.function([x], out)(value), ufunc(value, axis=axes))


def test_careduce_keeps_small_integers_and_careduce_dtype_widens_them():
    x = T.bvector("x")
    assert CAReduce(ts.add)(x).dtype == "int8"
    assert CAReduceDtype(ts.add)(x).dtype == "int64" and Sum()(x).dtype == "int64"
    assert CAReduceDtype(ts.add, dtype="int32")(x).dtype == "int32"
    assert theano.function([x], CAReduce(ts.add)(x))(np.int8([100, 100])) == np.int8(-56)
    assert isinstance(Sum(), CAReduceDtype) and isinstance(Prod(axis=[0]), CAReduce) and Sum().scalar_op == ts.add


def test_careduce_with_a_users_op():
    class Gcd(ts.BinaryScalarOp):
        identity = 0

        def impl(self, x, y):
            return np.gcd(x, y)

    x = T.lmatrix("x")
    f = theano.function([x], [CAReduce(Gcd(ts.upcast_out), axis=0)(x), CAReduce(Gcd(ts.upcast_out))(x)])
    rows, all_ = f([[12, 18], [8, 27], [20, 9]])
    assert rows.tolist() == [4, 9] and all_ == 1
    assert theano.function([x], CAReduce(Gcd(ts.upcast_out))(x))(np.zeros((0, 2), "int64")) == 0


def test_bitwise_reductions():
    x = T.ivector("x")
    value = np.int32([12, 10, 14])
    found = theano.function([x], [CAReduce(op)(x) for op in (ts.and_, ts.or_, ts.xor)])(value)
    assert [int(v) for v in found] == [8, 14, 8]


def test_product_without_zeros():
    x = T.dmatrix("x")
    value = np.array([[1.0, 0.0, 3.0], [2.0, 5.0, 0.0], [0.0, 0.0, 0.0]])
    found, slope = theano.function([x], [ProdWithoutZeros(axis=1)(x), T.grad(ProdWithoutZeros(axis=1)(x).sum(), x)])(
        value
    )
    assert found.tolist() == [3.0, 10.0, 0.0]
    assert slope.tolist() == [[3.0, 0.0, 1.0], [5.0, 2.0, 0.0], [0.0, 0.0, 0.0]]


def test_scalar_classes_are_those_of_the_elementwise_ops():
    assert isinstance(T.exp.scalar_op, ts.Exp) and isinstance(T.add.scalar_op, ts.Add)
    assert isinstance(T.lt.scalar_op, ts.LogicalComparison) and isinstance(T.and_.scalar_op, ts.BinaryBitOp)
    assert isinstance(T.cast(T.ivector(), "float64").owner.op.scalar_op, ts.Cast)
    assert T.Elemwise(ts.exp) == T.exp and T.Elemwise(ts.Cast(ts.float64))(T.ivector()).dtype == "float64"
    assert ts.exp(ts.float32("x")).owner.op is ts.exp


def test_remainder_of_complex_numbers_is_refused_by_its_own_class():
    for x, y in ((ts.complex64(), ts.int32()), (T.zvector(), T.ivector())):
        with pytest.raises(ts.ComplexError):
            x % y


def test_division_of_scalars_stays_scalar_and_composites_take_it():
    x, y = ts.floats("xy")
    assert isinstance(ts.div_proxy(x, y).type, ts.Scalar)
    composite = ts.Composite([x, y], [-(x + y) * ts.div_proxy(x, y)])
    assert str(composite) == "Composite{((-(i0 + i1)) * (i0 / i1))}"
    assert [n.op for n in composite.fgraph.toposort()] == [ts.add, ts.neg, ts.true_div, ts.mul]


def test_composite_inside_a_composite_is_opened():
    x, y = ts.floats("xy")
    inner = ts.Composite([x, y], [x + y])
    outer = ts.Composite([x, y], [inner(x * y, y) * inner(y, x)])
    assert not any(isinstance(n.op, ts.Composite) for n in outer.fgraph.toposort())
    f = theano.function([a := T.fvector(), b := T.fvector()], T.Elemwise(outer)(a, b))
    np.testing.assert_array_equal(f(np.float32([1, 2]), np.float32([3, 4])), [6 * 4, 12 * 6])


def test_gradient_of_a_comparison_of_scalars_can_be_evaluated():
    x, y = ts.float32("x"), ts.float32("y")
    assert theano.grad(x > y, y).eval({y: 1.0}) == 0
    assert x.ones_like().eval({x: 5.0}) == 1
