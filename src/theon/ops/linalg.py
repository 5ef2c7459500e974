"""Matrices and what is computed of one: determinants, inverses, powers, the exponential, norms, Kronecker products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy  # its modules are loaded when they are first asked for

from theon.dtypes import discrete_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.ops.adjoint import adjoint, analytic, is_complex
from theon.ops.arith import conjugate
from theon.ops.complex import imag
from theon.ops.declare import TensorOp, real_part, to_float
from theon.ops.dims import patternbroadcast
from theon.ops.dot import dot
from theon.ops.fill import alloc, eye, identity_like
from theon.ops.reshape import reshape
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "Det",
    "Expm",
    "ExpmGrad",
    "MatrixInverse",
    "MatrixPinv",
    "SLogDet",
    "TensorInv",
    "Triangle",
    "det",
    "expm",
    "kron",
    "matrix_dot",
    "matrix_inverse",
    "matrix_power",
    "norm",
    "pinv",
    "slogdet",
    "tensorinv",
    "triangle",
]


def over_stacks(op: Any, inputs: Sequence[Any], cores: Sequence[int], **kwargs: Any) -> Any:
    """Return what ``op`` makes of stacks: the last ``cores`` dimensions of each input are its own, those in front broadcast.

    The op's outputs get the dimensions in front.
    """
    from theon.autodiff.vectorize import vectorize

    lead = max(v.type.ndim - n for v, n in zip(inputs, cores))
    sizes: list[Any] = []
    for d in range(lead):
        real = [
            (v, v.type.ndim - n - lead + d)
            for v, n in zip(inputs, cores)
            if v.type.ndim - n - lead + d >= 0 and not v.type.broadcastable[v.type.ndim - n - lead + d]
        ]
        sizes.append(real[0][0].shape[real[0][1]] if real else 1)
    total: Any = 1
    for n in sizes:
        total = total * n
    given, replace = [], {}
    for v, n in zip(inputs, cores):
        extra = v.type.ndim - n
        if not extra:
            given.append(v)
            continue
        own = [v.shape[d] for d in range(extra, v.type.ndim)]
        if any(v.type.broadcastable[:extra]) or extra < lead:
            v = alloc(v, *sizes, *own)
        one = TensorType(v.type.dtype, v.type.broadcastable[v.type.ndim - n :])()
        given.append(one)
        replace[one] = reshape(v, [total, *own], n + 1)
    made = op(*given, return_list=True)
    found = []
    for new, old in zip(vectorize(made, replace), made):
        own = [new.shape[d + 1] for d in range(old.type.ndim)]
        found.append(patternbroadcast(reshape(new, [*sizes, *own], lead + len(own)), [False] * (lead + len(own))))
    return found if kwargs.get("return_list") or len(found) > 1 else found[0]


def single(inputs: Sequence[Any]) -> list[Any]:
    """Return arrays with those of half precision in single precision."""
    return [x.astype("float32") if x.dtype == np.float16 else x for x in inputs]


class _OfMatrix(TensorOp):
    """Ops of one matrix, which is taken as floating; of a stack of matrices, each by itself."""

    __module__ = "theano.tensor.nlinalg"
    __props__: tuple[str, ...] = ()

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """Apply the op; over the dimensions in front of the last two where there are more."""
        if len(inputs) == 1 and (x := as_tensor_variable(inputs[0])).type.ndim > 2:
            return over_stacks(self, [x], [2], **kwargs)
        return super().__call__(*inputs, **kwargs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute; in single precision for half, which LAPACK does not know."""
        super().perform(node, single(inputs), output_storage, params)

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """TypeError for what is no matrix."""
        found = []
        for x in inputs:
            x = as_tensor_variable(x)
            if x.type.ndim != 2:
                raise TypeError(f"{type(self).__name__} takes a matrix, not {x.type}")
            found.append(x.astype(to_float(x.type.dtype)) if x.type.dtype in discrete_dtypes else x)
        return found

    def _square(self, x: Any) -> TensorType:
        return TensorType(x.type.dtype, [False, False])


class Triangle(TensorOp):
    """One triangle of a matrix with zeros in place of the rest, whatever stood there."""

    __module__ = "theon.ops.linalg"
    __props__ = ("lower", "k")

    def __init__(self, lower: bool, k: int = 0) -> None:
        self.lower, self.k = lower, k

    def infer(self, x: Any) -> TensorType:
        """The matrix's type. TypeError for what is no matrix."""
        if x.type.ndim != 2:
            raise TypeError(f"Triangle takes a matrix, not {x.type}")
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any) -> Any:
        """Ask NumPy."""
        return xp.tril(x, self.k) if self.lower else xp.triu(x, self.k)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The same triangle."""
        return [self(output_grads[0])]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Linear."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return [shapes[0]]


def gradient_through(build: Any, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
    """Return the gradients that ``build(*inputs)``, one variable or several, has: those of an op that computes the same."""
    from theon.autodiff.reverse import grad
    from theon.graph.traverse import clone_replace

    fresh = [v.type() for v in inputs]
    made = build(*fresh)
    known = {}
    given: dict[Any, Any] = dict(zip(fresh, inputs))
    for out, g in zip(made if isinstance(made, list | tuple) else [made], output_grads):
        if not isinstance(g.type, DisconnectedType):
            known[out] = g.type()
            given[known[out]] = g
    slopes = grad(None, fresh, known_grads=known, disconnected_inputs="ignore", return_disconnected="disconnected")
    there = [d for d in slopes if not isinstance(d.type, DisconnectedType)]
    found = iter(clone_replace(there, given))
    return [d if isinstance(d.type, DisconnectedType) else next(found) for d in slopes]


def triangle(x: Any, lower: bool, k: int = 0) -> Any:
    """Return the elements of ``x`` on and below (``lower``) or above diagonal ``k``, zeros elsewhere."""
    return Triangle(lower, k)(x)


class Det(_OfMatrix):
    """The determinant."""

    def infer(self, x: Any) -> TensorType:
        """A scalar."""
        return TensorType(x.type.dtype, [])

    def reference(self, xp: Any, x: Any) -> Any:
        """By LU factors. LinAlgError for a matrix that is not square."""
        return np.linalg.det(x)

    @analytic
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """det(x) inv(x)^T (Giles 2008, 2.2.4)."""
        return [output_grads[0] * outputs[0] * matrix_inverse(inputs[0]).T]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """A scalar."""
        return [()]


class SLogDet(_OfMatrix):
    """The sign of the determinant and the logarithm of its absolute value, without overflow."""

    __module__ = "theon.ops.linalg"

    def infer(self, x: Any) -> list[TensorType]:
        """Two scalars."""
        return [TensorType(x.type.dtype, []), TensorType(real_part(x.type.dtype), [])]

    def reference(self, xp: Any, x: Any) -> Any:
        """By LU factors. LinAlgError for a matrix that is not square."""
        return tuple(np.linalg.slogdet(x))

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """inv(x)^T, for the logarithm, conjugate; the sign moves only where it is complex, by the imaginary part of the logarithm."""
        turn, g = output_grads
        factor = None if isinstance(g.type, DisconnectedType) else g
        if is_complex(inputs[0]) and not isinstance(turn.type, DisconnectedType):
            phase = imag(turn * conjugate(outputs[0])) * np.asarray(1j, outputs[0].type.dtype)
            factor = phase if factor is None else factor + phase
        return [DisconnectedType()() if factor is None else factor * adjoint(matrix_inverse(inputs[0]))]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """A real sign is constant between singular matrices."""
        return [[is_complex(node.inputs[0]), True]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Scalars."""
        return [(), ()]


class MatrixInverse(_OfMatrix):
    """The inverse of a square matrix."""

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """LinAlgError where there is none."""
        return np.linalg.inv(x)

    @analytic
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """-inv^T g inv^T."""
        inverse = outputs[0].T
        return [-matrix_dot(inverse, output_grads[0], inverse)]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """-inv t inv."""
        if eval_points[0] is None:
            return [None]
        inverse = self(inputs[0])
        return [-matrix_dot(inverse, eval_points[0], inverse)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return shapes  # type: ignore[return-value]


class MatrixPinv(_OfMatrix):
    """The Moore-Penrose inverse."""

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """By singular values."""
        return np.linalg.pinv(x)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The adjoint of Golub and Pereyra's derivative (1973), for matrices of constant rank."""
        (x,), (p,), (g,) = inputs, outputs, output_grads
        rows, columns = dot(x, p), dot(p, x)
        return [
            -matrix_dot(adjoint(p), g, adjoint(p))
            + matrix_dot(identity_like(rows) - rows, adjoint(g), p, adjoint(p))
            + matrix_dot(adjoint(p), p, adjoint(g), identity_like(columns) - columns)
        ]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The transpose's."""
        return [tuple(shapes[0])[::-1]]


det, matrix_inverse, pinv = Det(), MatrixInverse(), MatrixPinv()


def slogdet(a: Any) -> Any:
    """Return the sign of the determinant of the square matrix ``a`` and the logarithm of its absolute value.

    The sign is 0 and the logarithm -inf for a singular matrix; there is no overflow where the determinant itself would.
    """
    return SLogDet()(a)


def matrix_dot(*args: Any) -> Any:
    """Return the product of matrices, from the left."""
    product = args[0]
    for a in args[1:]:
        product = dot(product, a)
    return product


def matrix_power(M: Any, n: int) -> Any:
    """Return the square matrix ``M`` to the power ``n``, an integer; of the inverse where it is negative; each of a stack."""
    M = as_tensor_variable(M)
    if M.type.ndim > 2:
        return over_stacks(lambda x, **_: [matrix_power(x, n)], [M], [2])
    if n < 0:
        M, n = matrix_inverse(M), -n
    result: Any = None
    square = M
    while n:
        if n & 1:
            result = square if result is None else dot(result, square)
        n >>= 1
        if n:
            square = dot(square, square)
    return eye(M.shape[0], dtype=M.type.dtype) if result is None else result


def _product(sizes: Any, n: int, first: int = 0) -> Any:
    total: Any = 1
    for d in range(first, n):
        total = total * sizes[d]
    return total


class TensorInv(TensorOp):
    """The inverse for ``tensordot`` over ``ind`` dimensions, as one node; :func:`tensorinv` is made of reshapes."""

    __module__ = "theano.tensor.nlinalg"
    __props__ = ("ind",)

    def __init__(self, ind: int = 2) -> None:
        self.ind = ind

    def infer(self, a: Any) -> TensorType:
        """As many dimensions."""
        return TensorType(to_float(a.type.dtype), [False] * a.type.ndim)

    def reference(self, xp: Any, a: Any) -> Any:
        """NumPy's."""
        return np.linalg.tensorinv(a, self.ind)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The function's."""
        return gradient_through(lambda a: tensorinv(a, self.ind), inputs, output_grads)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The dimensions after ``ind`` come first."""
        return [(*shapes[0][self.ind :], *shapes[0][: self.ind])]


def tensorinv(a: Any, ind: int = 2) -> Any:
    """Return the inverse of ``a`` for ``tensordot`` over ``ind`` dimensions: shape ``a.shape[ind:] + a.shape[:ind]``."""
    a = as_tensor_variable(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    n = a.type.ndim
    flat = reshape(a, (_product(a.shape, ind), _product(a.shape, n, ind)), 2)
    order = [*range(ind, n), *range(ind)]
    return reshape(matrix_inverse(flat), [a.shape[d] for d in order], n)


class Expm(_OfMatrix):
    """The exponential of a square matrix."""

    __module__ = "theano.tensor.slinalg"

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """SciPy's (Al-Mohy and Higham 2009)."""
        return scipy.linalg.expm(x)

    @analytic
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The Frechet derivative at the transpose."""
        return [ExpmGrad()(inputs[0], output_grads[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return [shapes[0]]


class ExpmGrad(_OfMatrix):
    """The gradient of the exponential of ``A`` from that of the result."""

    __module__ = "theano.tensor.slinalg"

    def infer(self, A: Any, g: Any) -> TensorType:
        """A matrix."""
        return self._square(A)

    def reference(self, xp: Any, A: Any, g: Any) -> Any:
        """The derivative at A^T in the direction of ``g`` (Al-Mohy and Higham 2009)."""
        return scipy.linalg.expm_frechet(A.T, g, compute_expm=False)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """By the exponential of a matrix of twice the size, of which this is a block (Higham, Functions of Matrices, 3.16)."""
        from theon.autodiff.reverse import grad
        from theon.ops.fill import zeros_like
        from theon.ops.join import concatenate

        A, g = inputs
        n = A.shape[0]
        whole = concatenate([concatenate([A.T, g], axis=1), concatenate([zeros_like(A), A.T], axis=1)], axis=0)
        return grad((expm(whole)[:n, n:] * output_grads[0]).sum(), [A, g])  # type: ignore[no-any-return]


expm = Expm()


def kron(a: Any, b: Any) -> Any:
    """Return the Kronecker product of two vectors or matrices. TypeError where both are vectors or scalars."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if a.type.ndim + b.type.ndim <= 2:
        raise TypeError(f"kron: inputs dimensions must sum to 3 or more. You passed {a.type.ndim} and {b.type.ndim}.")
    n = max(a.type.ndim, b.type.ndim)
    a = a.dimshuffle(*["x"] * (n - a.type.ndim), *range(a.type.ndim))
    b = b.dimshuffle(*["x"] * (n - b.type.ndim), *range(b.type.ndim))
    left = a.dimshuffle(*(p for d in range(n) for p in (d, "x")))
    right = b.dimshuffle(*(p for d in range(n) for p in ("x", d)))
    return reshape(left * right, [a.shape[d] * b.shape[d] for d in range(n)], n)


def norm(x: Any, ord: Any) -> Any:
    """Return the norm of a vector or matrix, as ``numpy.linalg.norm``.

    ``ord``: None or, for a matrix, "fro" (root of the sum of squares); "inf", "-inf", or a number: for a vector of absolute values,
    for a matrix (1, -1, infinities) of the sums of absolute values of columns or rows, (2, -2) the largest and smallest singular
    value, "nuc" their sum. ValueError for another.
    """
    from theon.ops.arith import abs_
    from theon.ops.compare import neq
    from theon.ops.explog import sqrt
    from theon.ops.extremes import max as max_
    from theon.ops.extremes import min as min_
    from theon.ops.reduce import sum as sum_

    x = as_tensor_variable(x)
    ndim = x.type.ndim
    if ndim == 0:
        raise ValueError("'axis' entry is out of bounds.")
    if ndim > 2:
        raise NotImplementedError("We don't support norm with ndim > 2")
    if ord is None or (ord == "fro" and ndim == 2):
        return sqrt(sum_(abs_(x) ** 2 if is_complex(x) else x**2))
    largest, smallest = ord in ("inf", np.inf), ord in ("-inf", -np.inf)
    if ndim == 1:
        if largest or smallest:
            return (max_ if largest else min_)(abs_(x))
        if ord == 0:
            return sum_(neq(x, 0))
        if isinstance(ord, str):
            raise ValueError("Invalid norm order for vectors", ord)
        return sum_(abs_(x) ** ord) ** (1.0 / ord)
    if largest or smallest:
        return (max_ if largest else min_)(sum_(abs_(x), axis=1))
    if ord in (1, -1):
        return (max_ if ord == 1 else min_)(sum_(abs_(x), axis=0))
    if ord in (2, -2, "nuc"):
        from theon.ops.decompose import SVD

        how = {2: max_, -2: min_, "nuc": sum_}[ord]
        return how(SVD(False, False)(x))
    raise ValueError("Invalid norm order for matrices", ord)
