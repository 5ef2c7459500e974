"""Ops on whole tensors: each against its reference in many layouts and sizes, its derivatives, its shapes, fused and pickled.

A case is a function of variables, some draws of arguments, and which derivatives there are: "2" both orders and forward
mode, "1" the first order and forward mode, "r" reverse mode only, "-" none.
"""

import inspect
import zlib

import numpy as np
import pytest
from opchecks import as_list, check_derivatives, check_values, variables_like

import theano
import theano.tensor as T
from theano.tensor import extra_ops, fft, nlinalg, slinalg
from theon.graph.op import Op
from theon.graph.traverse import io_toposort
from theon.ops import extremes, factors, reduce, statistics
from theon.ops.declare import ScalarOp
from theon.ops.decompose import CholeskyInverse
from theon.ops.hints import psd
from theon.ops.linalg import SLogDet, TensorInv
from theon.ops.methods import RepeatOp
from theon.ops.shape import Shape_i
from theon.ops.solve import TensorSolve


def F(*shape, low=-2.0, high=2.0, dtype="float64"):
    return lambda rng: rng.uniform(low, high, shape).astype(dtype)


def distinct(*shape):
    """Values that differ by far more than the step of a difference quotient."""
    return lambda rng: (rng.permutation(int(np.prod(shape))) / 3.0 - 1).reshape(shape)


def I(*shape, low=0, high=3, dtype="int64"):  # noqa: E743
    return lambda rng: rng.randint(low, high, shape).astype(dtype)


def B(*shape):
    return lambda rng: rng.rand(*shape) < 0.5


def spd(n):
    """A symmetric positive definite matrix."""

    def draw(rng):
        a = rng.uniform(-1, 1, (n, n))
        return a @ a.T + n * np.eye(n)

    return draw


M, M1, M0 = [F(3, 4)], [F(1, 5)], [F(0, 4)]
CASES = {
    # reductions
    "sum": (lambda x: [x.sum(), x.sum(axis=0), x.sum(axis=1, keepdims=True)], [M, M1, M0], "2"),
    "sum of rank 3": (lambda x: [x.sum(axis=(0, 2)), x.sum(axis=1), x.sum(axis=-1)], [[F(2, 3, 4)], [F(1, 3, 1)], [F(2, 0, 3)]], "2"),
    "sum of float32": (lambda x: [x.sum(), x.mean(axis=0)], [[F(30, 4, dtype="float32")]], "-"),
    "sum of int32": (lambda x: [x.sum(), x.sum(axis=0), x.prod(axis=1)], [[I(3, 4, low=-9, high=9, dtype="int32")]], "-"),
    "sum of bool": (lambda x: [x.sum(axis=0), x.any(axis=1), x.all(), x.prod()], [[B(3, 4)], [B(1, 1)], [B(0, 3)]], "-"),
    "sum of uint8": (lambda x: [x.sum(), x.max(axis=0), x.min(), x.mean()], [[I(3, 4, high=255, dtype="uint8")]], "-"),
    "prod": (lambda x: [x.prod(), x.prod(axis=0)], [M, M1], "2"),
    "prod with zeros": (lambda x: T.prod(x, axis=1), [[lambda rng: np.where(rng.rand(4, 3) < 0.3, 0, rng.rand(4, 3))]], "r"),
    "prod without zeros": (
        lambda x: T.elemwise.ProdWithoutZeros(axis=1)(x), [[lambda rng: np.where(rng.rand(4, 3) < 0.3, 0, 1 + rng.rand(4, 3))]], "-"
    ),
    "max and min": (lambda x: [x.max(), x.min(axis=0), T.max(x, axis=1, keepdims=True)], [[distinct(3, 4)], [distinct(1, 5)]], "1"),
    "max alone": (lambda x: [extremes.Max((0,))(x), extremes.Min((1,))(x)], [[distinct(3, 4)]], "1"),
    "max and argmax": (lambda x: T.max_and_argmax(x, axis=1), [[distinct(3, 4)], [distinct(2, 1)]], "1"),
    "argmax": (lambda x: [x.argmax(), x.argmin(axis=0), x.argmax(axis=1)], [[distinct(3, 4)], [I(3, 5, dtype="int32")]][:1], "-"),
    "argmax of int": (lambda x: [x.argmax(axis=0), x.argmin(axis=1)], [[I(3, 5, dtype="int32")]], "-"),
    "all and any": (lambda x: [T.all(x > 0, axis=0), T.any(x > 1)], [M, M0], "-"),
    "mean, var, std": (lambda x: [x.mean(), x.var(axis=0), x.std(axis=1)], [M], "2"),
    "ptp": (lambda x: [T.ptp(x), T.ptp(x, axis=0)], [[distinct(3, 4)]], "1"),
    "norm": (lambda x: [x.norm(2), x.norm(1, axis=0)], [[F(3, 4, low=0.5)]], "2"),
    "logsumexp": (lambda x: [statistics.logsumexp(x, axis=1)], [M], "2"),
    "CAReduce": (lambda x: [T.elemwise.CAReduce(theano.scalar.maximum, axis=[0])(x)], [[distinct(3, 4)]], "-"),
    "sum to an operand's sizes": (lambda x, y: reduce.sum_like(x, y), [[F(3, 4), F(3, 4)], [F(3, 4), F(1, 4)]], "r"),
    # dimensions
    "transpose": (lambda x: [x.T, x.dimshuffle(1, "x", 0), x.dimshuffle("x", 0, 1)], [M, M0], "2"),
    "reshape": (lambda x: [x.reshape((4, 3)), x.reshape((-1,)), x.reshape((2, -1, 2))], [M], "2"),
    "flatten": (lambda x: [x.flatten(), x.flatten(2)], [[F(2, 3, 4)], [F(2, 1, 0)]], "2"),
    "shape": (lambda x: [x.shape, x.shape[0] + 1, x.size], [M, M0], "-"),
    "size along one": (lambda x: Shape_i(1)(x), [M], "-"),
    "rebroadcast": (lambda x: [T.addbroadcast(x, 0), T.unbroadcast(T.addbroadcast(x, 0), 0)], [M1], "2"),
    "specify_shape": (lambda x: T.specify_shape(x, (3, 4)), [M], "2"),
    "squeeze and pad": (lambda x: [T.shape_padleft(x), T.shape_padaxis(x, 1), T.addbroadcast(x, 0).squeeze()], [M1], "2"),
    "swapaxes": (lambda x: [T.swapaxes(x, 0, 2), x.transpose(2, 0, 1)], [[F(2, 3, 4)]], "2"),
    "scalar and back": (lambda x: T.tensor_from_scalar(T.scalar_from_tensor(x)), [[F()]], "r"),
    "tile and repeat": (lambda x: [T.tile(x, (2, 1)), T.repeat(x, 2, axis=1), x.repeat(3)], [M], "2"),
    "repeat, a number of times each": (lambda x: [T.repeat(x, [2, 0, 1], axis=-2), x.repeat([1])], [M], "r"),
    "repeat by its op": (lambda x: [RepeatOp(1)(x, 2), RepeatOp()(x, 2)], [M], "r"),
    "choose": (lambda i, x, y: T.choose(i, [x, y]), [[I(3, 4, high=2), F(3, 4), F(3, 4)]], "2"),
    "choose by broadcasting": (lambda i, x: [T.choose(i, x), T.choose(i, x, mode="wrap")], [[I(3, 4, high=2), F(2, 4)]], "2"),
    "roll": (lambda x: [T.roll(x, 1), T.roll(x, -2, axis=1)], [M], "2"),
    # indexing
    "basic index": (lambda x: [x[0], x[1:, ::2], x[::-1], x[-1, 1:3], x[:, None]], [M], "2"),
    "index by a number": (lambda x, i: [x[i], x[i:], x[:, i:], x[-i]], [[F(3, 4), I(low=1, high=2)]], "2"),
    "set_subtensor": (lambda x, y: [T.set_subtensor(x[0], y), T.set_subtensor(x[1:, :], y)], [[F(3, 4), F(4)]], "2"),
    "inc_subtensor": (lambda x, y: [T.inc_subtensor(x[:, 0], y), T.inc_subtensor(x[::2], 1.5)], [[F(3, 4), F(3)]], "2"),
    "rows by index": (lambda x, i: x[i], [[F(3, 4), I(5, low=-3, high=3)], [F(3, 4), I(0)]], "2"),
    "add to rows": (lambda x, y, i: [T.inc_subtensor(x[i], y), T.set_subtensor(x[i[:1]], y[:1])], [[F(3, 4), F(5, 4), I(5)]], "2"),
    "advanced index": (lambda x, i, j: [x[i, j], x[i, 1:], x[:, j]], [[F(3, 4), I(5), I(5)]], "2"),
    "add at an advanced index": (lambda x, y, i, j: [T.inc_subtensor(x[i, j], y)], [[F(3, 4), F(5), I(5), I(5)]], "2"),
    "set at an advanced index": (lambda x, y, i, j: T.set_subtensor(x[i, j], y), [[F(3, 4), F(3), lambda r: np.arange(3), I(3)]], "1"),
    "boolean index": (lambda x, m: [x[m], T.set_subtensor(x[m], 0.0), x[m.nonzero()]], [[F(3, 4), B(3, 4)]], "r"),
    "nonzero": (lambda x: T.nonzero(x), [[I(3, 4, high=2)], [I(0, 2)]], "-"),
    "take": (lambda x, i: [T.take(x, i, axis=1), x.take(i)], [[F(3, 4), I(2, 2)]], "2"),
    # joining and filling
    "join": (lambda x, y: [T.concatenate([x, y]), T.concatenate([x, y], axis=1), T.stack([x, y], axis=1)], [[F(3, 4), F(3, 4)]], "2"),
    "join of unequal": (lambda x, y: T.join(1, x, y), [[F(3, 4), F(3, 1)], [F(3, 0), F(3, 2)]], "2"),
    "join of dtypes": (lambda x, y: T.concatenate([x, y]), [[F(3, 4, dtype="float32"), I(2, 4, dtype="int8")]], "-"),
    "split": (lambda x: T.split(x, [1, 2], 2), [[F(3, 4)]], "2"),
    "stack of numbers": (lambda x, y: T.stack([x, y, x * y]), [[F(), F()]], "2"),
    "alloc": (lambda x: [T.alloc(x, 3, 4), T.ones_like(x) * x, T.zeros((2, 3))], [[F(4)]], "2"),
    "alloc_empty": (lambda n: T.basic.AllocEmpty("float64")(n, 3).shape, [[I(low=2, high=4)]], "-"),
    "fill": (lambda x, y: T.fill(x, y), [[F(3, 4), F()]], "2"),
    "arange": (lambda n: [T.arange(n), T.arange(1, n, 2), T.arange(n, 0, -1)], [[I(low=3, high=9)]], "-"),
    "eye": (lambda n: [T.eye(n), T.eye(n, 4, 1), T.eye(3, n, -1)], [[I(low=2, high=4)]], "-"),
    "triangles": (lambda x: [T.tril(x), T.triu(x, 1)], [M], "2"),
    "diagonals": (lambda x: [T.diag(x), x.diagonal(offset=1), T.nlinalg.trace(x)], [[F(3, 3)], [F(3, 4)]], "2"),
    "diagonal of rank 3": (lambda x: T.basic.ExtractDiag(1, 0, 2)(x), [[F(3, 4, 5)]], "2"),
    "diagonal matrix": (lambda x: [T.diag(x), T.basic.AllocDiag(1)(x)], [[F(3)], [F(0)]], "2"),
    "meshgrid and mgrid": (lambda n: list(T.mgrid[0:n, 0:3]), [[I(low=2, high=4)]], "-"),
    # products
    "dot": (lambda x, y: T.dot(x, y), [[F(3, 4), F(4, 2)], [F(1, 1), F(1, 3)], [F(0, 4), F(4, 2)], [F(2, 0), F(0, 3)]], "2"),
    "dot of float32": (lambda x, y: T.dot(x, y), [[F(3, 4, dtype="float32"), F(4, 2, dtype="float32")]], "-"),
    "dot of int": (lambda x, y: T.dot(x, y), [[I(3, 4), I(4, 2)]], "-"),
    "dot of vectors": (lambda x, y: [T.dot(x, y), T.outer(x, y)], [[F(4), F(4)], [F(0), F(0)]], "2"),
    "dot with a vector": (lambda x, y, z: [T.dot(x, y), T.dot(z, x)], [[F(3, 4), F(4), F(3)]], "2"),
    "tensordot": (lambda x, y: [T.tensordot(x, y, [[1, 2], [1, 0]]), T.tensordot(x, y, 1)], [[F(2, 3, 4), F(4, 3, 2)]], "2"),
    "batched_dot": (lambda x, y: T.batched_dot(x, y), [[F(5, 2, 3), F(5, 3, 4)], [F(1, 2, 3), F(1, 3, 1)]], "2"),
    "batched_dot of vectors": (lambda x, y: T.batched_dot(x, y), [[F(5, 3), F(5, 3)]], "2"),
    "kron": (lambda x, y: slinalg.kron(x, y), [[F(2, 3), F(2, 2)]], "2"),
    # order
    "sort": (lambda x: [T.sort(x), T.sort(x, axis=0), T.argsort(x)], [[distinct(3, 4)]], "r"),
    "topk": (lambda x: T.topk_and_argtopk(x, 2), [[distinct(3, 4)]], "2"),
    "squares of topk": (lambda x: T.sqr(T.topk(x, 2)), [[distinct(3, 4)]], "2"),
    "sort, the axis an input": (lambda x, d: [T.sort(x, d), T.argsort(x, d)], [[distinct(3, 4), I(low=-1, high=2)]], "r"),
    "unique along an axis": (lambda x: T.extra_ops.Unique(True, True, True, axis=-1)(x), [[I(2, 5)]], "-"),
    "unique": (lambda x: T.extra_ops.Unique(True, True, True)(x), [[I(9)]], "-"),
    "cumulate": (lambda x: [T.cumsum(x), T.cumsum(x, axis=1), T.cumprod(x, axis=0), T.extra_ops.diff(x)], [M], "2"),
    "searchsorted": (lambda x, v: T.extra_ops.searchsorted(T.sort(x), v), [[F(6), F(2, 3)]], "-"),
    "bincount": (lambda x, w: [T.extra_ops.bincount(x), T.extra_ops.bincount(x, w)], [[I(9), F(9)]], "-"),
    # softmax and likelihood
    "softmax": (lambda x: [T.nnet.softmax(x), T.nnet.logsoftmax(x)], [M, M1], "2"),
    "gradient of softmax": (lambda g, y: T.nnet.softmax_grad(g, y), [[F(3, 4), F(3, 4)]], "r"),
    "crossentropy": (lambda p, t: T.nnet.categorical_crossentropy(p, t), [[F(3, 4, low=0.1), F(3, 4, low=0.1)]], "2"),
    "crossentropy of classes": (lambda p, t: T.nnet.categorical_crossentropy(p, t), [[F(3, 4, low=0.1), I(3, high=4)]], "1"),
    "crossentropy of softmax": (lambda x, t: T.nnet.crossentropy_softmax_1hot(x, t), [[F(3, 4), I(3, high=4)]], "r"),
    "binary crossentropy": (lambda p, t: T.nnet.binary_crossentropy(p, t), [[F(5, low=0.1, high=0.9), F(5, low=0.1, high=0.9)]], "2"),
    # the rest of extra_ops
    "permute rows": (lambda x, p: T.permute_row_elements(x, p), [[F(3, 4), lambda rng: rng.permutation(4)]], "1"),
    "fill_diagonal": (lambda x, v: [extra_ops.fill_diagonal(x, v), extra_ops.fill_diagonal_offset(x, v, 1)], [[F(3, 4), F()]], "r"),
    "unravel_index": (lambda i: extra_ops.unravel_index(i, (3, 4)), [[I(5, high=12)]], "-"),
    "ravel_multi_index": (lambda i, j: extra_ops.ravel_multi_index((i, j), (3, 4)), [[I(5), I(5)]], "-"),
    "bartlett": (lambda n: extra_ops.bartlett(n), [[I(low=3, high=7)]], "-"),
    "one hot": (lambda i: extra_ops.to_one_hot(i, 4), [[I(5)]], "-"),
    # linear algebra
    "det and inverse": (lambda x: [nlinalg.det(x), nlinalg.matrix_inverse(x)], [[spd(3)]], "2"),
    "pinv": (lambda x: nlinalg.pinv(x), [[F(3, 2, low=0.5)]], "-"),
    "eigh": (lambda x: nlinalg.eigh(x)[0], [[spd(3)]], "r"),
    "svd": (lambda x: nlinalg.svd(x, compute_uv=False), [[spd(3)]], "-"),
    "svd of all": (lambda x: nlinalg.svd(x, full_matrices=False)[1], [[F(4, 3)]], "-"),
    "qr": (lambda x: nlinalg.qr(x), [[F(4, 3)]], "r"),
    "qr of r": (lambda x: nlinalg.qr(x, mode="r"), [[F(4, 3)]], "-"),
    "lstsq": (lambda a, b: nlinalg.lstsq()(a, b, -1)[0], [[F(4, 2), F(4, 1)]], "-"),
    "cholesky": (lambda x: slinalg.cholesky(x), [[spd(3)]], "r"),
    "solve": (lambda a, b: slinalg.solve(a, b), [[spd(3), F(3, 2)], [spd(3), F(3)]][:1], "r"),
    "slogdet": (lambda x: SLogDet()(x), [[spd(3)]], "r"),
    "lu": (lambda x, b: [*factors.lu(x), factors.lu_solve(factors.lu_factor(x), b)], [[spd(3), F(3)]], "-"),
    "inverse from cholesky": (lambda x: CholeskyInverse()(x), [[spd(3)]], "-"),
    "tensorinv": (lambda x: TensorInv(1)(x), [[lambda rng: (np.eye(6) + 0.1 * rng.rand(6, 6)).reshape(6, 2, 3)]], "-"),
    "tensorsolve": (lambda a, b: TensorSolve(None)(a, b), [[lambda rng: (np.eye(6) + 0.1 * rng.rand(6, 6)).reshape(2, 3, 6), F(2, 3)]], "-"),
    "eigvalsh": (lambda a, b: slinalg.eigvalsh(a, b), [[spd(3), spd(3)]], "r"),
    "expm": (lambda x: slinalg.expm(x), [[F(3, 3)]], "r"),
    "complex fft": (lambda x: [T.real(fft.fft(x)), T.imag(fft.ifftn(x, [3, 5], (0, 1)))], [[F(3, 8)], [F(1, 2)]], "2"),
    "hint": (lambda x: psd(x) * x, [[F(3, 3)]], "2"),
    "rfft": (lambda x: [fft.rfft(x), fft.irfft(fft.rfft(x))], [[F(3, 8)], [F(1, 2)]], "r"),
    "assert": (lambda x: T.opt.Assert("small")(x, T.lt(abs(x).max(), 9)), [M], "2"),
}  # fmt: skip
# Ops that no case needs, each with the reason.
ALLOWED = {
    "Print": "writes to standard output; tests/unit has it",
    "Unsort": "only in gradients of sort",
    "RandomFunction": "random",
    "SumLike": "a case of its own where sizes are 1 at run time only",
    "TensorOp": "a base class",
    "CAReduceDtype": "a base class",
    "Expressed": "a base class",
    "BaseAdvancedSubtensor": "a base class",
    "BaseAdvancedIncSubtensor": "a base class",
    "LUInverse": "made by rewrites; tests/linalg has it",
    "EighGrad": "the gradient of eigh as one node, for old programs",
    "MakeSlice": "gives a slice, not an array",
    "SliceParts": "takes a slice; tests/unit/test_slice_variables.py",
    "LoadFromDisk": "reads a file",
    "Raise": "raises",
    "Eig": "eigenvectors have no fixed sign or order; tests/unit/test_linalg.py rebuilds the matrix",
    "Composite": "made by fusion of scalar graphs; tests/unit has it",
}


def drawn(name):
    rng = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
    return rng, [[make(rng) for make in draw] for draw in CASES[name][1]]


@pytest.mark.parametrize("name", CASES)
def test_value(name):
    rng, draws = drawn(name)
    check_values(CASES[name][0], [[np.asarray(v) for v in values] for values in draws], rng)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[2] != "-"])
def test_derivatives(name):
    rng, draws = drawn(name)
    build, _, kinds = CASES[name]
    check_derivatives(build, [np.asarray(v) for v in draws[0]], rng, second=kinds == "2", forward=kinds in "12")


def public_ops():
    """Every op class that a module of ``theon.ops`` defines."""
    found, waiting = {}, [Op]
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            own = [f for f in vars(cls).values() if inspect.isfunction(f)]
            home = own[0].__globals__["__name__"] if own else ""
            scalar = issubclass(cls, ScalarOp)  # in the table of elementwise ops
            if home.startswith("theon.ops.") and not cls.__name__.startswith("_") and not scalar:
                found[cls.__name__] = cls
    return found


def test_every_op_is_in_the_table():
    covered = set()
    for name, (build, _, kinds) in CASES.items():
        _, draws = drawn(name)
        inputs = variables_like([np.asarray(v) for v in draws[0]])
        outputs = as_list(build(*inputs))
        floats = [o.sum() for o in outputs if o.type.dtype == "float64"]
        if kinds != "-":
            wrt = [x for x in inputs if x.type.dtype == "float64"]
            gradients = T.grad(sum(floats), wrt, disconnected_inputs="ignore")
            outputs = outputs + gradients
            if kinds == "2":
                outputs += T.grad(sum((g * g).sum() for g in gradients), wrt, disconnected_inputs="ignore")
        covered |= {type(node.op).__name__ for node in io_toposort(inputs, outputs)}
    missing = set(public_ops()) - covered - set(ALLOWED) - {"Elemwise"}
    assert not missing, f"ops without a case in this table: {sorted(missing)}"
    assert not set(ALLOWED) & covered - {"SumLike", "Unsort"}, "an op that is allowed to be missing has a case"
