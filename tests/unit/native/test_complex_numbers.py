"""Complex numbers are computed in native code: every op on them, reductions, products, indexing, loops; no step runs in Python."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.ops.declare import REGISTRY
from theon.schedule.step import PythonCall

EPS = {"complex64": 1.2e-7, "complex128": 2.3e-16}
WITHOUT_REWRITING = theano.Mode(linker="py", optimizer=None)


def steps_of(f):
    return f._native.program.steps


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in steps_of(f)), theano.printing.debugprint(f, file="str")
    return f


def variables(dtype, *shapes):
    return [T.TensorType(dtype, (False,) * len(shape))() for shape in shapes]


def values(dtype, *shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.normal(size=s) + 1j * rng.normal(size=s), dtype) for s in shapes]


def elementwise(dtype):
    found = []
    for name, op in REGISTRY.items():
        inputs = variables(dtype, *[(9,)] * max(op.scalar_op.nin, 1 if op.scalar_op.nin == 1 else 2))
        try:
            found.append((name, inputs, op(*inputs)))
        except TypeError:
            assert name not in {"add", "mul", "exp", "log", "pow", "sqrt", "tanh", "arccos", "real", "eq"}
    return found


@pytest.mark.parametrize("dtype", sorted(EPS))
def test_every_elementwise_op_is_as_accurate_as_numpy(dtype):
    ops = elementwise(dtype)
    assert len(ops) > 38
    f = native([v for _, inputs, _ in ops for v in inputs], [out for *_, out in ops])
    for scale in (1.0, 6.0, 0.01):
        given = [values(dtype, *[(40,)] * len(inputs), seed=i) for i, (_, inputs, _) in enumerate(ops)]
        given = [[(v * scale).astype(dtype) for v in own] for own in given]
        for (name, _, out), own, found in zip(ops, given, f(*[v for own in given for v in own])):
            wanted = REGISTRY[name].scalar_op.reference(np, *(v.astype("complex128") for v in own))
            assert found.dtype == out.dtype, name
            if found.dtype == bool:
                np.testing.assert_array_equal(found, wanted, err_msg=name)
                continue
            # NumPy's own log1p of complex numbers is log(|1 + z|), which loses what is small.
            size = np.maximum(np.abs(wanted), 1.0 if name == "log1p" else 1e-300)
            assert (np.abs(found - wanted) <= 60 * EPS[dtype] * size).all(), (name, scale)


def test_special_values_are_those_of_numpy():
    numbers = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, 1e-300, 1e300, 0.5, -30.0]
    grid = np.array([complex(x, y) for x in numbers for y in numbers])
    z = T.zvector("z")
    names = ["exp", "log", "sqrt", "abs_", "angle", "arctan", "arctanh", "sin", "cos", "cosh", "sinh", "arcsin"]
    f = native([z], [REGISTRY[name](z) for name in names])
    for name, found in zip(names, f(grid)):
        with np.errstate(all="ignore"):
            wanted = REGISTRY[name].scalar_op.reference(np, grid)
        for part in (np.real, np.imag):
            a, b = part(found), part(wanted)
            with np.errstate(all="ignore"):
                good = (a == b) | (np.abs(a - b) <= 1e-14 * np.abs(b)) | (np.isnan(a) & np.isnan(b))
            # Parts that are NaN where an angle is unknown: which part says so is not settled.
            good |= ~np.isfinite(wanted)
            assert good.all(), (name, grid[~good], found[~good], wanted[~good])


def test_powers_and_quotients_with_real_numbers_need_no_complex_operand():
    z, x = T.zvector("z"), T.dvector("x")
    f = native([z, x], [z * x, x / z, z / x, x - z, z**3, z**-2, x**z, z**x])
    (a,), b = values("complex128", (7,)), np.linspace(0.5, 2, 7)
    wanted = [a * b, b / a, a / b, b - a, a**3, a**-2.0, b**a, a**b]
    for found, right in zip(f(a, b), wanted):
        np.testing.assert_allclose(found, right, rtol=1e-13)


@pytest.mark.parametrize("dtype", sorted(EPS))
def test_a_sum_of_a_formula_is_one_kernel(dtype):
    z, w = variables(dtype, (3, 4), (3, 4))
    f = native([z, w], T.exp(z * w + z).sum(1))
    kernels = [step for step in steps_of(f) if hasattr(step, "kernel")]
    assert len(kernels) == 1 and len(kernels[0].kernel.passes[0].reductions) == 2
    a, b = values(dtype, (3, 4), (3, 4))
    np.testing.assert_allclose(f(a, b), np.exp(a * b + a).sum(1), rtol=60 * EPS[dtype])


CASES = {
    "sum": (lambda x: [x.sum(), x.sum(0), x.sum(1), x[::-1, ::2].sum(0)], (30, 40)),
    "sum of a formula": (lambda x: [T.exp(x).sum(), T.exp(x).sum(0), T.exp(x).mean(1)], (70, 90)),
    "product": (lambda x: [x.prod(), x.prod(0), x.prod(1), (x * 2).prod()], (5, 6)),
    "dot": (lambda x, y: T.dot(x, y), (3, 4), (4, 5)),
    "dot of turned": (lambda x, y: T.dot(x.T, y.T), (4, 3), (5, 4)),
    "dot with a vector": (lambda x, y: [T.dot(x, y), T.dot(y, x.T), T.dot(y, y)], (3, 4), (4,)),
    "dot with real numbers": (lambda x, y: [T.dot(x, T.real(y)), T.dot(abs(x), y)], (3, 4), (4, 5)),
    "stacks": (
        lambda x, y: [T.batched_dot(x, y), T.batched_dot(x[0], y[0, :3]), T.tensordot(x, y, [[0, 2], [0, 1]])],
        (2, 3, 4),
        (2, 4, 4),
    ),
    "dimensions": (lambda x: [x.T + 1, x.dimshuffle(1, "x", 0) * 2, (x * 2).reshape((4, 3))], (3, 4)),
    "slices": (lambda x: [x[1:, ::-1], x[0], x[[2, 0, 1]], x[[0, 2, 1], [1, 1, 3]] * 2], (3, 4)),
    "set": (lambda x: [T.set_subtensor(x[1:], x[0]), T.set_subtensor(x[[0, 1]], x[0] * 2)], (3, 4)),
    "increase": (lambda x: [T.inc_subtensor(x[:, ::2], x[:, 1:2]), T.inc_subtensor(x[[0, 0, 1]], x[0])], (3, 4)),
    "join": (lambda x, y: [T.join(0, x, y * 2), T.stack([x, y]), T.concatenate([x, y], 1)], (3, 4), (3, 4)),
    "alloc": (lambda x: [T.alloc(x[0, 0], 3, 4), T.zeros_like(x) + x, T.ones_like(x), T.fill(x, 2)], (3, 4)),
    "diagonals": (lambda x: [T.diag(x), T.diag(x[0]), T.tril(x), x.trace()], (4, 4)),
    "choice": (lambda x: T.switch(T.eq(x, x.T), x, x * 2), (4, 4)),
    "numbers": (lambda x, y: [x * 2 + T.exp(y), T.stack([x, y]), abs(x)], (), ()),
    "loop": (lambda x: theano.scan(lambda v, a: a * 0.5 + v, sequences=[x], outputs_info=[x[0] * 0])[0], (5, 4)),
    "lazy choice": (lambda x: theano.ifelse.ifelse(T.gt(x.shape[0], 2), x * 2, x * 3), (3, 4)),
    "casts": (lambda x: [T.cast(x, "complex64"), T.cast(x, "complex128"), T.cast(x.real, "complex64")], (3, 4)),
    "gradient": (lambda x: T.grad((T.real(x * x) + T.imag(x) * 2 + abs(x)).sum(), x), (3, 4)),
    "nothing": (lambda x: [x.sum(0), x.prod(1), T.exp(x)], (0, 4)),
}


@pytest.mark.parametrize("dtype", sorted(EPS))
@pytest.mark.parametrize("case", sorted(CASES))
def test_what_moves_and_combines_agrees_with_the_reference(case, dtype):
    make, *shapes = CASES[case]
    inputs = variables(dtype, *shapes)
    outputs = make(*inputs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    given = values(dtype, *shapes)
    wanted = theano.function(inputs, outputs, mode=WITHOUT_REWRITING)(*given)
    for found, right in zip(native(inputs, outputs)(*given), wanted, strict=True):
        assert (found.dtype, found.shape) == (right.dtype, right.shape)
        np.testing.assert_allclose(found, right, rtol=2e-5 if dtype == "complex64" else 1e-12, atol=EPS[dtype] * 50)


def test_shared_complex_state_is_updated():
    s = theano.shared(np.zeros(4, "complex128"))
    z = T.zvector("z")
    f = theano.function([z], s, updates=[(s, s + z * 2)])
    f(np.ones(4) * 1j)
    np.testing.assert_array_equal(f(np.ones(4) * 1j), np.full(4, 2j))
    np.testing.assert_array_equal(s.get_value(), np.full(4, 4j))


@theano.config.change_flags(on_opt_error="raise")
def test_the_maximum_of_complex_numbers_is_found_without_a_failing_rule():
    x = T.zmatrix()
    value = np.array([[1 + 2j, 1 - 1j], [3, 0]])
    found = theano.function([x], [T.max(x), T.argmax(x, axis=1)])(value)
    assert found[0] == 3 and found[1].tolist() == [0, 0]
    assert theano.function([x], T.max(x))(value) == 3


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_logarithms_of_complex_sigmoids_keep_their_formulas(dtype):
    z = T.TensorType(dtype, [False])("z")
    values = np.array([0.3 + 0.2j, -1 + 4j], dtype)
    found = theano.function([z], [T.log(T.nnet.sigmoid(z)), T.log1p(-T.nnet.sigmoid(z)), T.log(1 - T.nnet.sigmoid(z))])(
        values
    )
    for one, sign in zip(found, (-1, 1, 1)):
        np.testing.assert_allclose(one, -np.log(1 + np.exp(sign * values)), rtol=1e-5)
