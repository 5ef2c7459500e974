"""Half precision: 16 bits in memory, float32 in registers; conversions are right for every number, with and without hardware."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen import halves
from theon.ops.declare import REGISTRY
from theon.schedule.step import PythonCall

WITHOUT_REWRITING = theano.Mode(linker="py", optimizer=None)
EVERY = np.arange(65536, dtype="uint16").view("float16")


def native(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


def hvector(*names):
    return [T.TensorType("float16", (False,))(name) for name in names]


def doubles():
    rng = np.random.default_rng(3)
    near = EVERY[np.isfinite(EVERY)].astype("float64")
    edges = np.concatenate(
        [near * (1 + 2.0**-11), near * (1 + 2.0**-11 + 2.0**-45), near + 2.0**-25, near * (1 - 2.0**-12)]
    )
    special = [np.inf, -np.inf, np.nan, 65519.999, 65520.0, 1e300, 1e-300, -0.0, 5e-324]
    return np.concatenate([edges, rng.normal(size=2000) * 10.0 ** rng.integers(-9, 6, 2000), special])


@pytest.mark.parametrize("hardware", [True, False])
def test_conversions_round_as_numpy(monkeypatch, hardware):
    if not hardware:
        monkeypatch.setattr(halves, "_by_hardware", lambda: False)
    h, d, f = hvector("h")[0], T.dvector("d"), T.fvector("f")
    run = theano.function(
        [h, d, f], [T.cast(h, "float32"), T.cast(d, "float16"), T.cast(f, "float16"), T.cast(h, "float64")]
    )
    given = doubles()
    with np.errstate(over="ignore"):
        wanted = [EVERY.astype("float32"), given.astype("float16"), given.astype("float32").astype("float16")]
        found = run(EVERY, given, given.astype("float32"))
    for a, b in zip(found, [*wanted, EVERY.astype("float64")]):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(np.signbit(a[~np.isnan(b)]), np.signbit(b[~np.isnan(b)]))


def test_conversions_to_other_dtypes_and_back():
    (h,) = hvector("h")
    kinds = ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64"]
    f = native([h], [T.cast(h, kind) for kind in kinds])
    given = np.array([0.0, -0.0, 1.5, -1.5, 100.25, 0.1, 7.0], "float16")
    for found, kind in zip(f(given), kinds):
        safe = np.abs(given) if kind.startswith("u") else given
        picked = slice(None) if not kind.startswith("u") else given >= 0
        np.testing.assert_array_equal(found[picked], safe.astype(kind)[picked])
    i = T.lvector("i")
    np.testing.assert_array_equal(
        native([i], T.cast(i, "float16"))([3, -2049, 70000]), np.array([3, -2048, np.inf], "float16")
    )


def test_every_elementwise_op_rounds_once():
    found = []
    for name, op in REGISTRY.items():
        inputs = hvector(*"abc"[: op.scalar_op.nin if op.scalar_op.nin > 0 else 2])
        try:
            out = op(*inputs)
        except (TypeError, NotImplementedError):
            continue
        if op.scalar_op.lower is not None and name != "polygamma":
            found.append((name, inputs, out))
    assert len(found) > 60
    f = theano.function([v for _, inputs, _ in found for v in inputs], [out for *_, out in found])
    left = [str(step.node.op) for step in f._native.program.steps if isinstance(step, PythonCall)]
    assert not left
    rng = np.random.default_rng(0)
    given = [rng.uniform(0.3, 0.9, (len(inputs), 30)).astype("float16") for _, inputs, _ in found]
    for (name, _, out), own, value in zip(found, given, f(*[v for own in given for v in own])):
        with np.errstate(all="ignore"):
            wanted = REGISTRY[name].scalar_op.reference(np, *own.astype("float64"))
        assert value.dtype == out.dtype, name
        np.testing.assert_allclose(
            np.real(value).astype("float64"), np.real(wanted), rtol=1.1e-3, atol=1e-7, err_msg=name
        )


CASES = {
    "reductions": (lambda x: [x.sum(), x.sum(0), x.mean(1), x.prod(), x.max(), x.min(0), x.var(1)], (30, 40)),
    "places": (lambda x: [x.argmax(1), x.max(1), T.argmin(x)], (5, 7)),
    "dot": (lambda x, y: [T.dot(x, y), T.dot(x, y[:, 0]), T.dot(x[0], y[:, 0])], (3, 4), (4, 5)),
    "softmax": (lambda x: [T.nnet.softmax(x), T.nnet.sigmoid(x), T.nnet.relu(x)], (3, 4)),
    "order": (
        lambda x, y: [x < y, T.eq(x, y), T.maximum(x, y), T.clip(x, -0.5, 0.5), T.switch(x > 0, x, y)],
        (3, 4),
        (3, 4),
    ),
    "slices": (
        lambda x: [x[1:, ::-1] * 2, x[[2, 0]], T.set_subtensor(x[1:], x[0]), T.inc_subtensor(x[[0, 0]], x[1])],
        (3, 4),
    ),
    "arrays": (lambda x, y: [T.join(0, x, y), T.alloc(x[0, 0], 3, 2), T.diag(x[0]), T.tril(x), x.T], (4, 4), (4, 4)),
    "gradient": (lambda x: T.grad((x * x).sum(), x), (3, 4)),
    "numbers": (lambda x, y: [x + y, T.exp(x), T.stack([x, y])], (), ()),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_ops_on_arrays_compute_in_float32_and_round(case):
    make, *shapes = CASES[case]
    inputs = [T.TensorType("float16", (False,) * len(shape))() for shape in shapes]
    outputs = make(*inputs)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    rng = np.random.default_rng(1)
    given = [np.asarray(rng.normal(size=shape), "float16") for shape in shapes]
    wanted = theano.function(inputs, outputs, mode=WITHOUT_REWRITING)(*given)
    for found, right in zip(native(inputs, outputs)(*given), wanted, strict=True):
        assert (found.dtype, found.shape) == (right.dtype, right.shape)
        np.testing.assert_allclose(found.astype("float64"), right.astype("float64"), rtol=3e-3, atol=2e-3)


def test_a_constant_is_rounded_before_it_is_used():
    (h,) = hvector("h")
    one = T.constant(np.float64(0.1))
    f = native([h], T.cast(h, "float32") + T.cast(T.cast(one, "float16"), "float32"))
    assert f(np.zeros(1, "float16"))[0] == np.float32(np.float16(0.1))
