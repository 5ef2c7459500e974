"""Linear algebra: decompositions, inverses, solving, functions of matrices, with gradients where mathematics has them.

Gradients of functions of symmetric matrices that read one triangle are given for that triangle, as in Theano.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg

from theon.dtypes import discrete_dtypes, upcast
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.ops.declare import TensorOp, to_float
from theon.ops.dims import reshape
from theon.ops.dot import dot
from theon.ops.fill import diag, diagonal, eye, identity_like, tril, triu, zeros_like
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "MATRIX_STRUCTURES",
    "SVD",
    "Cholesky",
    "Det",
    "Eig",
    "Eigh",
    "Eigvalsh",
    "EigvalshGrad",
    "Expm",
    "ExpmGrad",
    "MatrixInverse",
    "MatrixPinv",
    "QRFull",
    "QRIncomplete",
    "Solve",
    "cholesky",
    "det",
    "eig",
    "eigh",
    "eigvalsh",
    "expm",
    "kron",
    "lstsq",
    "matrix_dot",
    "matrix_inverse",
    "matrix_power",
    "norm",
    "pinv",
    "qr",
    "solve",
    "solve_lower_triangular",
    "solve_symmetric",
    "solve_upper_triangular",
    "svd",
    "tensorinv",
    "tensorsolve",
]

MATRIX_STRUCTURES = (
    "general",
    "symmetric",
    "lower_triangular",
    "upper_triangular",
    "hermitian",
    "banded",
    "diagonal",
    "toeplitz",
)


class _OfMatrix(TensorOp):
    """Ops of one matrix, which is taken as floating."""

    __module__ = "theano.tensor.nlinalg"
    __props__: tuple[str, ...] = ()

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


class Det(_OfMatrix):
    """The determinant."""

    def infer(self, x: Any) -> TensorType:
        """A scalar."""
        return TensorType(x.type.dtype, [])

    def reference(self, xp: Any, x: Any) -> Any:
        """By LU factors. LinAlgError for a matrix that is not square."""
        return np.linalg.det(x)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """det(x) inv(x)^T (Giles 2008, 2.2.4)."""
        return [output_grads[0] * outputs[0] * matrix_inverse(inputs[0]).T]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """A scalar."""
        return [()]


class MatrixInverse(_OfMatrix):
    """The inverse of a square matrix."""

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """LinAlgError where there is none."""
        return np.linalg.inv(x)

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
            -matrix_dot(p.T, g, p.T)
            + matrix_dot(identity_like(rows) - rows, g.T, p, p.T)
            + matrix_dot(p.T, p, g.T, identity_like(columns) - columns)
        ]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The transpose's."""
        return [tuple(shapes[0])[::-1]]


class Eig(_OfMatrix):
    """Eigenvalues and right eigenvectors of a square matrix whose eigenvalues are real."""

    def infer(self, x: Any) -> list[TensorType]:
        """A vector and a matrix."""
        return [TensorType(x.type.dtype, [False]), self._square(x)]

    def reference(self, xp: Any, x: Any) -> Any:
        """ValueError where an eigenvalue is not real: the types of the outputs hold real numbers."""
        w, v = np.linalg.eig(x)
        if np.iscomplexobj(w) and not np.iscomplexobj(x):
            raise ValueError("Eig: the matrix has complex eigenvalues: cast it to complex")
        return w, v


class Eigh(_OfMatrix):
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix, of which one triangle is read."""

    __props__ = ("UPLO",)

    def __init__(self, UPLO: str = "L") -> None:
        if UPLO not in ("L", "U"):
            raise ValueError(f"UPLO is 'L' or 'U', not {UPLO!r}")
        self.UPLO = UPLO

    def infer(self, x: Any) -> list[TensorType]:
        """A vector and a matrix."""
        return [TensorType(x.type.dtype, [False]), self._square(x)]

    def reference(self, xp: Any, x: Any) -> Any:
        """LinAlgError where it does not converge."""
        return np.linalg.eigh(x, self.UPLO)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """V (diag(gw) + F * (V^T gV)) V^T with F[i, j] = 1 / (w[j] - w[i]) off the diagonal (Giles 2008, 3.1)."""
        w, v = outputs
        gw, gv = output_grads
        middle: Any = None
        if not isinstance(gw.type, DisconnectedType):
            middle = diag(gw)
        if not isinstance(gv.type, DisconnectedType):
            one = eye(w.shape[0], dtype=w.type.dtype)
            gap = w.dimshuffle("x", 0) - w.dimshuffle(0, "x")
            turned = (1 - one) / (gap + one) * dot(v.T, gv)
            middle = turned if middle is None else middle + turned
        if middle is None:
            return [DisconnectedType()()]
        return [_folded(matrix_dot(v, middle, v.T), self.UPLO == "L")]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """(n,) and (n, n)."""
        return [(shapes[0][0],), shapes[0]]


def _folded(g: Any, lower: bool) -> Any:
    """The gradient of one triangle: its own and that of the other one."""
    return tril(g) + triu(g, 1).T if lower else triu(g) + tril(g, -1).T


class SVD(_OfMatrix):
    """Singular values, and vectors where ``compute_uv``: U, s, V^T."""

    __props__ = ("full_matrices", "compute_uv")

    def __init__(self, full_matrices: Any = True, compute_uv: Any = True) -> None:
        self.full_matrices, self.compute_uv = bool(full_matrices), bool(compute_uv)

    def infer(self, x: Any) -> list[TensorType]:
        """One or three."""
        values = TensorType(x.type.dtype, [False])
        return [self._square(x), values, self._square(x)] if self.compute_uv else [values]

    def reference(self, xp: Any, x: Any) -> Any:
        """LAPACK's."""
        return np.linalg.svd(x, self.full_matrices, self.compute_uv)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Of the values U diag(g) V^T; of vectors by way of the symmetric eigenproblems, where values differ."""
        (x,) = inputs
        gs = output_grads[1] if self.compute_uv else output_grads[0]
        u, s, vt = SVD(False, True)(x)
        middle: Any = None
        if not isinstance(gs.type, DisconnectedType):
            middle = matrix_dot(u, diag(gs), vt)
        if self.compute_uv and not (
            isinstance(output_grads[0].type, DisconnectedType) and isinstance(output_grads[2].type, DisconnectedType)
        ):
            if self.full_matrices:
                from theon.autodiff.reverse import grad_not_implemented

                return [
                    grad_not_implemented(
                        self, 0, x, "The vectors of a full decomposition are not unique: full_matrices=0."
                    )
                ]
            rest = _svd_vectors(u, s, vt, output_grads[0], output_grads[2])
            middle = rest if middle is None else middle + rest
        return [DisconnectedType()() if middle is None else middle]


def _svd_vectors(u: Any, s: Any, vt: Any, gu: Any, gvt: Any) -> Any:
    """The gradient through the thin singular vectors (Townsend 2016, equations 31 and 32)."""
    v = vt.T
    one = eye(s.shape[0], dtype=s.type.dtype)
    squares = s**2
    gap = squares.dimshuffle("x", 0) - squares.dimshuffle(0, "x")
    f = (1 - one) / (gap + one)
    total: Any = None
    if not isinstance(gu.type, DisconnectedType):
        inner = f * (dot(u.T, gu) - dot(gu.T, u))
        term = matrix_dot(u, inner * s.dimshuffle("x", 0), vt)
        outside = gu - matrix_dot(u, u.T, gu)
        total = term + dot(outside / s.dimshuffle("x", 0), vt)
    if not isinstance(gvt.type, DisconnectedType):
        gv = gvt.T
        inner = f * (dot(v.T, gv) - dot(gv.T, v))
        term = matrix_dot(u, s.dimshuffle(0, "x") * inner, vt)
        outside = gv - matrix_dot(v, v.T, gv)
        term = term + dot(u / s.dimshuffle("x", 0), outside.T)
        total = term if total is None else total + term
    return total


class QRFull(_OfMatrix):
    """The factors Q and R."""

    __props__ = ("mode",)

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def infer(self, x: Any) -> list[TensorType]:
        """Two matrices."""
        return [self._square(x), self._square(x)]

    def reference(self, xp: Any, x: Any) -> Any:
        """LAPACK's."""
        return np.linalg.qr(x, self.mode)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Of a thin decomposition of a matrix with at least as many rows as columns (Walter and Lehmann 2010)."""
        (_x,), (q, r) = inputs, outputs
        gq, gr = (zeros_like(v) if isinstance(g.type, DisconnectedType) else g for g, v in zip(output_grads, outputs))
        m = dot(r, gr.T) - dot(gq.T, q)
        symmetric = tril(m) + tril(m, -1).T
        # (gq + q copyltu(m)) r^-T
        return [solve_upper_triangular(r, (gq + dot(q, symmetric)).T).T]


class QRIncomplete(QRFull):
    """The factor R alone, or LAPACK's own form."""

    def infer(self, x: Any) -> Any:
        """A matrix."""
        return self._square(x)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Through both factors."""
        op = QRFull("reduced")
        both = op(inputs[0])
        return op.L_op(inputs, both, [DisconnectedType()(), output_grads[0]])


det, matrix_inverse, pinv, eig = Det(), MatrixInverse(), MatrixPinv(), Eig()


def eigh(a: Any, UPLO: str = "L") -> Any:
    """Return eigenvalues, ascending, and eigenvectors of the symmetric matrix ``a``, of which triangle ``UPLO`` is read."""
    return Eigh(UPLO)(a)


def svd(a: Any, full_matrices: Any = 1, compute_uv: Any = 1) -> Any:
    """Return U, s and V^T with ``a = U diag(s) V^T``, or s alone where ``compute_uv`` is 0."""
    return SVD(full_matrices, compute_uv)(a)


def qr(a: Any, mode: str = "reduced") -> Any:
    """Return Q and R with ``a = Q R``: thin ("reduced") or square ("complete"); R alone for "r"."""
    if mode in ("reduced", "complete", "full", "economic"):
        return QRFull({"full": "reduced", "economic": "reduced"}.get(mode, mode))(a)
    if mode != "r":
        raise ValueError(f"Unrecognized mode {mode!r}: 'reduced', 'complete' or 'r'")
    return QRIncomplete(mode)(a)


class lstsq(TensorOp):
    """``lstsq()(x, y, rcond)``: least squares solution, sums of squared residuals, rank, singular values."""

    __module__ = "theano.tensor.nlinalg"
    __props__ = ()

    def infer(self, x: Any, y: Any, rcond: Any) -> list[TensorType]:
        """TypeError for a first operand that is no matrix."""
        if x.type.ndim != 2 or y.type.ndim not in (1, 2):
            raise TypeError(f"lstsq takes a matrix and a vector or matrix, not {x.type} and {y.type}")
        dtype = upcast(x.type.dtype, y.type.dtype)
        dtype = to_float(dtype) if dtype in discrete_dtypes else dtype
        vector = TensorType(dtype, [False])
        return [TensorType(dtype, [False] * y.type.ndim), vector, TensorType("int32", []), vector]

    def reference(self, xp: Any, x: Any, y: Any, rcond: Any) -> Any:
        """LAPACK's."""
        found, residuals, rank, values = np.linalg.lstsq(x, y, float(rcond))
        return found, np.atleast_1d(residuals), rank, values


def matrix_dot(*args: Any) -> Any:
    """Return the product of matrices, from the left."""
    product = args[0]
    for a in args[1:]:
        product = dot(product, a)
    return product


def matrix_power(M: Any, n: int) -> Any:
    """Return the square matrix ``M`` to the power ``n``, an integer; of the inverse where it is negative."""
    M = as_tensor_variable(M)
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


def tensorinv(a: Any, ind: int = 2) -> Any:
    """Return the inverse of ``a`` for ``tensordot`` over ``ind`` dimensions: shape ``a.shape[ind:] + a.shape[:ind]``."""
    a = as_tensor_variable(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    n = a.type.ndim
    flat = reshape(a, (_product(a.shape, ind), _product(a.shape, n, ind)), 2)
    order = [*range(ind, n), *range(ind)]
    return reshape(matrix_inverse(flat), [a.shape[d] for d in order], n)


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Return x with ``tensordot(a, x, x.ndim) = b``; ``axes`` of ``a`` are moved to the end first."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    n = a.type.ndim
    if axes is not None:
        rest = [d for d in range(n) if d not in tuple(axes)]
        a = a.dimshuffle(*rest, *axes)
    sizes = [a.shape[d] for d in range(b.type.ndim, n)]
    rows = _product(b.shape, b.type.ndim)
    flat = reshape(a, (rows, _product(a.shape, n, b.type.ndim)), 2)
    return reshape(solve(flat, b.flatten()), sizes, n - b.type.ndim)


# --- with SciPy -------------------------------------------------------------------------------------------------------


class Cholesky(_OfMatrix):
    """The triangular factor of a positive definite matrix: L with L L^T, or U with U^T U."""

    __module__ = "theano.tensor.slinalg"
    __props__ = ("lower", "destructive", "on_error")

    def __init__(self, lower: bool = True, on_error: str = "raise") -> None:
        if on_error not in ("raise", "nan"):
            raise ValueError('on_error must be one of "raise" or ""nan"')
        self.lower, self.destructive, self.on_error = lower, False, on_error

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """LinAlgError for a matrix that is not positive definite, or nan; ValueError for one that is not finite."""
        try:
            return scipy.linalg.cholesky(x, lower=self.lower, check_finite=self.on_error == "raise")
        except scipy.linalg.LinAlgError:
            if self.on_error == "raise":
                raise
            return np.full(x.shape, np.nan, x.dtype)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Of the triangle that is read (Murray 2016)."""
        factor, g = outputs[0], output_grads[0]
        if not self.lower:
            factor, g = factor.T, g.T
        inner = dot(factor.T, tril(g))
        half = tril(inner) - diag(diagonal(inner) / 2)
        # L^-T half L^-1
        left = solve_upper_triangular(factor.T, half)
        s = solve_upper_triangular(factor.T, left.T).T
        grad = tril(s + s.T) - diag(diagonal(s))
        return [grad if self.lower else grad.T]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return [shapes[0]]


cholesky = Cholesky()


class Solve(TensorOp):
    """x with A x = b, for a vector or a matrix b; ``A_structure`` says what is known of A, ``lower`` which triangle holds it."""

    __module__ = "theano.tensor.slinalg"
    __props__ = ("A_structure", "lower", "overwrite_A", "overwrite_b")

    def __init__(
        self, A_structure: str = "general", lower: bool = False, overwrite_A: bool = False, overwrite_b: bool = False
    ) -> None:
        if A_structure not in MATRIX_STRUCTURES:
            raise ValueError("Invalid matrix structure argument", A_structure)
        self.A_structure, self.lower, self.overwrite_A, self.overwrite_b = A_structure, lower, overwrite_A, overwrite_b

    def infer(self, A: Any, b: Any) -> TensorType:
        """The shape of ``b``. TypeError for other ranks."""
        if A.type.ndim != 2 or b.type.ndim not in (1, 2):
            raise TypeError(f"Solve takes a matrix and a vector or matrix, not {A.type} and {b.type}")
        dtype = upcast(A.type.dtype, b.type.dtype)
        return TensorType(to_float(dtype) if dtype in discrete_dtypes else dtype, b.type.broadcastable)

    def reference(self, xp: Any, A: Any, b: Any) -> Any:
        """LinAlgError for a singular matrix, ValueError for sizes that do not fit."""
        if self.A_structure == "lower_triangular":
            return scipy.linalg.solve_triangular(A, b, lower=True)
        if self.A_structure == "upper_triangular":
            return scipy.linalg.solve_triangular(A, b, lower=False)
        if self.A_structure in ("symmetric", "hermitian"):
            kind = "sym" if self.A_structure == "symmetric" else "her"
            return scipy.linalg.solve(A, b, lower=self.lower, assume_a=kind)
        return np.linalg.solve(A, b if b.ndim == 2 else b[:, None]).reshape(b.shape)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """A^-T g for b, -(A^-T g) x^T for A (Giles 2008, 2.3.1), in the triangle that is read."""
        A, _ = inputs
        x, g = outputs[0], output_grads[0]
        mirrored = {"lower_triangular": "upper_triangular", "upper_triangular": "lower_triangular"}
        other = Solve(mirrored.get(self.A_structure, self.A_structure), not self.lower)
        gb = other(A.T, g)
        gA = -dot(gb, x.T) if x.type.ndim == 2 else -(gb.dimshuffle(0, "x") * x.dimshuffle("x", 0))
        if self.A_structure == "lower_triangular":
            gA = tril(gA)
        elif self.A_structure == "upper_triangular":
            gA = triu(gA)
        elif self.A_structure in ("symmetric", "hermitian"):
            gA = _folded(gA, self.lower)
        return [gA, gb]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of ``b``, rows as A has columns."""
        return [(shapes[0][1], *shapes[1][1:])]


solve, solve_symmetric = Solve(), Solve("symmetric")
solve_lower_triangular, solve_upper_triangular = (
    Solve("lower_triangular", lower=True),
    Solve("upper_triangular", lower=False),
)


class Eigvalsh(TensorOp):
    """The generalised eigenvalues of a symmetric and a positive definite matrix: a v = w b v."""

    __module__ = "theano.tensor.slinalg"
    __props__ = ("lower",)

    def __init__(self, lower: bool = True) -> None:
        self.lower = lower

    def infer(self, a: Any, b: Any) -> TensorType:
        """A vector. TypeError for what is no matrix."""
        if a.type.ndim != 2 or b.type.ndim != 2:
            raise TypeError(f"Eigvalsh takes two matrices, not {a.type} and {b.type}")
        return TensorType(upcast("float32", a.type.dtype, b.type.dtype), [False])

    def reference(self, xp: Any, a: Any, b: Any) -> Any:
        """LinAlgError where ``b`` is not positive definite."""
        return scipy.linalg.eigh(a, b, lower=self.lower, eigvals_only=True)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Through the eigenvectors."""
        return EigvalshGrad(self.lower)(*inputs, output_grads[0], return_list=True)


class EigvalshGrad(TensorOp):
    """The gradients of both matrices from that of the generalised eigenvalues."""

    __module__ = "theano.tensor.slinalg"
    __props__ = ("lower",)

    def __init__(self, lower: bool = True) -> None:
        self.lower = lower

    def infer(self, a: Any, b: Any, g: Any) -> list[TensorType]:
        """Two matrices."""
        dtype = upcast("float32", a.type.dtype, b.type.dtype)
        return [TensorType(dtype, [False, False])] * 2

    def reference(self, xp: Any, a: Any, b: Any, g: Any) -> Any:
        """V diag(g) V^T and -V diag(g w) V^T, in the triangle that is read."""
        w, v = scipy.linalg.eigh(a, b, lower=self.lower)
        found = [(v * g) @ v.T, -(v * (g * w)) @ v.T]
        if self.lower:
            return tuple(np.tril(m) + np.triu(m, 1).T for m in found)
        return tuple(np.triu(m) + np.tril(m, -1).T for m in found)


def eigvalsh(a: Any, b: Any, lower: bool = True) -> Any:
    """Return the eigenvalues, ascending, of ``a v = w b v``; ``b`` None is the unit matrix."""
    a = as_tensor_variable(a)
    return Eigvalsh(lower)(a, eye(a.shape[0], dtype=a.type.dtype) if b is None else as_tensor_variable(b))


class Expm(_OfMatrix):
    """The exponential of a square matrix."""

    __module__ = "theano.tensor.slinalg"

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """SciPy's (Al-Mohy and Higham 2009)."""
        return scipy.linalg.expm(x)

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

    ``ord``: None or "fro" (root of the sum of squares); "inf", "-inf", or a number: for a vector of absolute values, for a matrix
    (1, -1, infinities) of the sums of absolute values of columns or rows. ValueError for another.
    """
    from theon.ops.arith import abs_
    from theon.ops.compare import neq
    from theon.ops.explog import sqrt
    from theon.ops.reduce import max as max_
    from theon.ops.reduce import min as min_
    from theon.ops.reduce import sum as sum_

    x = as_tensor_variable(x)
    ndim = x.type.ndim
    if ndim == 0:
        raise ValueError("'axis' entry is out of bounds.")
    if ndim > 2:
        raise NotImplementedError("We don't support norm with ndim > 2")
    if ord is None or ord == "fro":
        return sqrt(sum_(x**2))
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
    raise ValueError("Invalid norm order for matrices", ord)
