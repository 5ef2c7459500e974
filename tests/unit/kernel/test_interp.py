"""Machine code against the interpreter: kernels that functions are made of, and random ones."""

import ctypes

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen import emit, jit, lanes, packed
from theon.kernel.build import Builder
from theon.kernel.interp import run_kernel
from theon.kernel.loops import Kernel, Operand, Pass, Reduction, Store
from theon.kernel.scalar import make
from theon.kernel.verify import verify_kernel
from theon.schedule.step import Branch, KernelStep, Loop

k = Builder()


class Native:
    """A kernel as machine code, called on arrays as the interpreter is."""

    def __init__(self, kernel):
        text, declared = emit.kernels_text([(kernel, "k")])
        text = "\n".join([text.replace("define internal i64 @k(", "define i64 @k("), *sorted(declared)])
        self.module = jit.compile_module(text, packed.symbols(text), ("k",))
        pointer = ctypes.c_void_p
        self.call = ctypes.CFUNCTYPE(ctypes.c_int64, pointer, pointer, pointer)(self.module.address("k"))

    def __call__(self, kernel, extents, operands):
        data = (ctypes.c_void_p * max(len(operands), 1))(*(a.ctypes.data for a in operands))
        strides = [s for a in operands for s in a.strides]
        words = [(ctypes.c_int64 * max(len(v), 1))(*v) for v in (extents, strides)]
        self.call(ctypes.addressof(data), *(ctypes.addressof(w) for w in words))


def laid_out(rng, shape, dtype, spread):
    """An array of this shape in some layout: dense, reversed, with gaps, transposed, or (read only) all in one place."""
    how = rng.randint(5 if spread else 4)
    if how == 0:
        return np.zeros(shape, dtype)
    if how == 1:
        return np.zeros(shape, dtype)[(*(slice(None, None, -1) for _ in shape), ...)]
    if how == 2:
        return np.zeros([2 * n + 1 for n in shape], dtype)[(*(slice(0, 2 * n, 2) for n in shape), ...)]
    if how == 3:
        return np.zeros(shape[::-1], dtype).T
    return np.lib.stride_tricks.as_strided(np.zeros(1, dtype), shape, (0,) * len(shape))


def filled(rng, array, largest):
    dtype = array.dtype
    target = array
    if array.size and not any(array.strides):
        target = array[(*(slice(0, 1),) * array.ndim, ...)]
    if dtype.kind == "f":
        values = rng.uniform(-3, 3, target.shape)
        odd = rng.rand(*target.shape)
        values = np.where(odd < 0.03, np.nan, np.where(odd < 0.06, np.inf, np.where(odd < 0.09, -0.0, values)))
    elif dtype.kind == "b":
        values = rng.rand(*target.shape) < 0.5
    else:
        values = rng.randint(0, max(largest, 1), target.shape)
    target[...] = values
    return array


def same(found, expected, rough):
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)])
    np.testing.assert_allclose(found, expected, rtol=rough, atol=rough * max(finite.max(initial=0), 1))


def compare(kernel, rng, native=None, sizes=(0, 1, 2, 3, 7, 20)):
    verify_kernel(kernel)
    native = native or Native(kernel)
    extents = [int(sizes[rng.randint(len(sizes))]) for _ in range(kernel.naxes)]
    if any(p.fixed for p in kernel.passes):  # positions are read from memory: there has to be one
        extents = [max(n, 1) for n in extents]
    for o in kernel.operands:
        if o.kind == "scratch":
            extents[o.axes[0]] = min(extents[o.axes[0]], o.size)
    arrays = []
    for o in kernel.operands:
        if o.kind != "scratch":
            empty = laid_out(rng, [extents[a] for a in o.axes], o.dtype, o.kind == "read")
            arrays.append(filled(rng, empty, min(extents, default=1)))
    twins = [a.copy() for a in arrays]
    native(kernel, extents, arrays)
    run_kernel(kernel, extents, twins)
    rough = 2e-5 if "float32" in {o.dtype for o in kernel.operands} else 1e-11
    for a, b in zip(arrays, twins):
        same(a, b, rough)


def kernels_of(f):
    waiting, found = list(f._native.program.steps), {}
    while waiting:
        step = waiting.pop()
        if isinstance(step, KernelStep):
            found[step.kernel] = None
        elif isinstance(step, Loop):
            waiting += step.steps
        elif isinstance(step, Branch):
            waiting += [*step.then, *step.otherwise]
    return list(found)


x, y, v, w, i, n = T.dmatrix("x"), T.dmatrix("y"), T.dvector("v"), T.fvector("w"), T.lvector("i"), T.imatrix("n")
FUNCTIONS = {
    "elementwise": ([x, y], [T.tanh(x * y) + T.log1p(abs(y)), T.switch(x > y, x, -y)]),
    "broadcast": ([x, v], [x * v + v.dimshuffle("x", 0), T.exp(x - v).sum(axis=0)]),
    "reductions": ([x], [x.sum(), x.max(axis=0), x.prod(axis=1), T.argmax(x, axis=1), T.any(x > 1), x.sum(axis=0)]),
    "integers": ([n], [n // 3, n % 5, n * n, n.sum(), n.max(axis=0), T.argmin(n, axis=0), n & 3]),
    "float32": ([w], [T.exp(w).sum(), T.nnet.sigmoid(w), T.sqr(w).mean(), w / 3]),
    "softmax": ([x, i], [T.nnet.softmax(x), -T.mean(T.log(T.nnet.softmax(x))[T.arange(i.shape[0]), i])]),
    "softmax gradient": ([x, i], T.grad(T.nnet.categorical_crossentropy(T.nnet.softmax(x), i).mean(), x)),
    "rows": ([x, i], [x[i], T.inc_subtensor(x[i], 1.0), T.set_subtensor(x[0], 2.0)]),
    "norm": ([x], [(x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1)]),
    "scan": ([v], theano.scan(lambda a, h: T.tanh(a + 0.5 * h), sequences=v, outputs_info=T.constant(0.0, dtype="float64"))[0]),
    "cumulate and join": ([x, y], [T.concatenate([x, y]), T.stack([x, y]).max(axis=0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_kernels_of_functions(name):
    kernels = kernels_of(theano.function(*FUNCTIONS[name]))
    assert kernels
    rng = np.random.RandomState(0)
    for kernel in kernels:
        native = Native(kernel)
        for _ in range(6):
            compare(kernel, rng, native)


def random_value(rng, leaves, dtype, depth):
    """A random expression of ``dtype``; library functions and comparisons only of leaves, so that rounding cannot decide much."""
    same_kind = leaves[dtype]
    if depth == 0:
        return same_kind[rng.randint(len(same_kind))]

    def part(wanted=dtype, deep=None):
        return random_value(rng, leaves, wanted, depth - 1 if deep is None else deep)

    if dtype == "bool":
        of = ("float64", "int32", "uint8", "float32")[rng.randint(4)]
        ops = [k.lt, k.le, k.gt, k.ge, k.eq, k.ne]
        return [
            lambda: ops[rng.randint(6)](part(of, 0), part(of, 0)), lambda: k.and_(part(), part()), lambda: k.not_(part()),
            lambda: k.isnan(part("float64", 0)), lambda: k.isinf(part("float32", 0)), lambda: k.xor(part(), part()),
        ][rng.randint(6)]()  # fmt: skip
    select = lambda: k.select(part("bool"), part(), part())  # noqa: E731
    if dtype.startswith("float"):
        names = ["exp", "log", "tanh", "sigmoid", "softplus", "expm1", "log1p", "sin", "arctan", "erf"]
        return [
            lambda: k.add(part(), part()), lambda: k.sub(part(), part()), lambda: k.mul(part(), part()), select,
            lambda: k.div(part(), part(deep=0)), lambda: k.max(part(), part()), lambda: k.min(part(), part()),
            lambda: k.math(names[rng.randint(len(names))], part(deep=0)), lambda: k.abs(part()), lambda: k.neg(part()),
            lambda: k.floor(part(deep=0)), lambda: k.rint(part(deep=0)), lambda: k.sqrt(k.abs(part(deep=0))),
            lambda: k.cast(part("int32", 0), dtype), lambda: k.mod(part(deep=0), part(deep=0)), lambda: k.sign(part(deep=0)),
        ][rng.randint(16)]()  # fmt: skip
    return [
        lambda: k.add(part(), part()), lambda: k.sub(part(), part()), lambda: k.mul(part(), part()), select,
        lambda: k.floordiv(part(), part(deep=0)), lambda: k.mod(part(), part(deep=0)), lambda: k.max(part(), part()),
        lambda: k.and_(part(), part()), lambda: k.or_(part(), part()), lambda: k.xor(part(), part()), lambda: k.not_(part()),
        lambda: k.cast(part("bool"), dtype), lambda: k.abs(part()), lambda: make("shr", dtype, (part(), part(deep=0))),
    ][rng.randint(14)]()  # fmt: skip


def random_kernel(rng):
    """One outer axis and two inner ones: a pass of sums and extremes, then one that reads them and stores."""
    dtypes = ["float64", "float32", "int32", "uint8", "bool"]
    operands, leaves = [], {}
    for dtype in dtypes:
        leaves[dtype] = []
        for axes in ((0, 1, 2), [(1, 2), (0, 2), (2,), (0,), ()][rng.randint(5)]):
            leaves[dtype].append(make("load", dtype, (), len(operands)))
            operands.append(Operand(dtype, axes))
    reductions = []
    for dtype in dtypes:
        op = (["or", "and"] if dtype == "bool" else ["add", "max", "min"])[rng.randint(2 if dtype == "bool" else 3)]
        reductions.append(Reduction(op, random_value(rng, leaves, dtype, 2), len(reductions), dtype))
    later = {d: [*leaves[d], make("result", d, (), place)] for place, d in enumerate(dtypes)}
    stores = []
    for dtype in dtypes:
        stores.append(Store(len(operands), random_value(rng, later, dtype, 3)))
        operands.append(Operand(dtype, (0, 1, 2), "write"))
    passes = (Pass((1, 2), tuple(reductions)), Pass((1, 2), (), tuple(stores)))
    return Kernel(3, (0,), tuple(operands), passes)


@pytest.mark.parametrize("seed", range(12))
def test_random_kernels(seed):
    rng = np.random.RandomState(seed)
    kernel = random_kernel(rng)
    native = Native(kernel)
    for sizes in ((3,), (1, 2), (0, 5), (9,)):
        compare(kernel, rng, native, sizes)


def vector_value(rng, leaves, dtype, depth):
    """A random expression that a loop in vectors can compute."""
    same_kind = leaves[dtype]
    if depth == 0:
        return same_kind[rng.randint(len(same_kind))]
    part = lambda wanted=dtype, deep=depth - 1: vector_value(rng, leaves, wanted, deep)  # noqa: E731
    number = next(d for d in leaves if d != "bool")
    if dtype == "bool":
        ops = [k.lt, k.le, k.gt, k.ge, k.eq, k.ne]
        return [
            lambda: ops[rng.randint(6)](part(number, 0), part(number, 0)), lambda: k.and_(part(), part()), lambda: k.not_(part()),
        ][rng.randint(3)]()  # fmt: skip
    shared = [
        lambda: k.add(part(), part()), lambda: k.sub(part(), part()), lambda: k.mul(part(), part()), lambda: k.max(part(), part()),
        lambda: k.select(part("bool"), part(), part()), lambda: k.min(part(), part()), lambda: k.neg(part()),
        lambda: k.cast(part("bool"), dtype), lambda: k.abs(part()),
    ]  # fmt: skip
    if dtype.startswith("float"):
        names = ["exp", "exp2", "log", "tanh", "sigmoid", "softplus", "expm1", "log1p"]
        shared += [
            lambda: k.math(names[rng.randint(len(names))], part(deep=0)), lambda: k.floor(part(deep=0)),
            lambda: k.sqrt(k.abs(part(deep=0))), lambda: k.div(part(), part(deep=0)),
            lambda: k.cast(make("axis", "int64", (), 1), dtype),
        ]  # fmt: skip
    return shared[rng.randint(len(shared))]()


@pytest.mark.parametrize("cpu", [(64, True), (32, False), (16, False)], ids=["512 bits, masks", "256 bits", "128 bits"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_random_kernels_in_vectors(dtype, cpu, monkeypatch):
    """Contiguous memory of all lengths: whole vectors, the rest, sums of lanes, rows added to one row, sums for each row."""
    monkeypatch.setattr(lanes, "_bytes", lambda: cpu[0])
    monkeypatch.setattr(lanes, "masks", lambda: cpu[1] and REAL_MASKS)
    rng = np.random.RandomState(len(dtype) + cpu[0])
    for _ in range(3):
        operands = [
            Operand(dtype, (0, 1)),
            Operand(dtype, (1,)),
            Operand(dtype, (0,)),
            Operand("bool", (0, 1)),
            Operand(dtype),
        ]
        leaves = {d: [make("load", d, (), j) for j, o in enumerate(operands) if o.dtype == d] for d in (dtype, "bool")}
        sums = [("add", dtype), ("max", dtype), ("min", dtype), ("or", "bool"), ("and", "bool")]
        first = [Reduction(op, vector_value(rng, leaves, d, 1), j, d) for j, (op, d) in enumerate(sums)]
        later = {dtype: [*leaves[dtype], make("result", dtype, (), 1)], "bool": leaves["bool"]}
        targets = [
            (dtype, (0, 1), None),
            ("bool", (0, 1), None),
            (dtype, (1,), "add"),
            (dtype, (0,), "add"),
            (dtype, (0,), "max"),
        ]
        passes = [Pass((1,), tuple(first))]
        for d, axes, accumulate in targets:
            value = vector_value(rng, later, d, rng.randint(1, 4))
            operands.append(Operand(d, axes, "update" if accumulate else "write"))
            passes.append(Pass((1,), (), (Store(len(operands) - 1, value, accumulate),)))
        kernel = Kernel(2, (0,), tuple(operands), tuple(passes))
        operands.append(Operand(dtype, (1,), "update"))
        rows = Kernel(2, (), tuple(operands), (Pass((0, 1), (), (Store(len(operands) - 1, leaves[dtype][0], "add"),)),))
        for one in (kernel, rows):
            native = Native(one)
            for lengths in ((9, 1), (3, 0), (2, 37), (17, 64), (1, 331)):
                compare_dense(one, rng, native, lengths)


REAL_MASKS = lanes.masks()


def compare_dense(kernel, rng, native, extents):
    verify_kernel(kernel)
    arrays = [filled(rng, np.zeros([extents[a] for a in o.axes], o.dtype), 9) for o in kernel.operands]
    twins = [a.copy() for a in arrays]
    native(kernel, extents, arrays)
    run_kernel(kernel, extents, twins)
    for a, b in zip(arrays, twins):
        same(a, b, 1e-4 if a.dtype == np.float32 else 1e-11)
