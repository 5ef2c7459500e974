"""Decompositions of matrices: triangular and orthogonal factors, eigenvalues, singular values.

Gradients of functions of symmetric matrices that read one triangle are given for that triangle, as in Theano.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy  # its modules are loaded when they are first asked for

from theon.dtypes import upcast
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.adjoint import adjoint, is_complex
from theon.ops.arith import conjugate
from theon.ops.complex import imag, real
from theon.ops.declare import TensorOp, real_part
from theon.ops.dot import dot
from theon.ops.fill import diag, diagonal, eye, zeros_like
from theon.ops.join import join
from theon.ops.linalg import _OfMatrix, gradient_through, matrix_dot, triangle
from theon.ops.solve import folded, solve, solve_lower_triangular, solve_upper_triangular
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "SVD",
    "Cholesky",
    "CholeskyGrad",
    "CholeskyInverse",
    "Eig",
    "Eigh",
    "EighGrad",
    "Eigvalsh",
    "EigvalshGrad",
    "QRFull",
    "QRIncomplete",
    "cholesky",
    "cholesky_inverse",
    "eig",
    "eigh",
    "eigvalsh",
    "gradient_of_factor",
    "qr",
    "svd",
]


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
                # SciPy's own words are not the same in all its versions.
                (factor,) = scipy.linalg.get_lapack_funcs(("potrf",), (x,))
                minor = factor(x, lower=self.lower)[1]
                raise scipy.linalg.LinAlgError(
                    f"{minor}-th leading minor of the array is not positive definite"
                ) from None
            return np.full(x.shape, np.nan, x.dtype)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Of the triangle that is read (Murray 2016); NaN where there is no factor and NaN stands for it."""
        if self.on_error != "nan":
            return [CholeskyGrad(self.lower)(inputs[0], outputs[0], output_grads[0])]
        from theon.ops.arith import switch
        from theon.ops.compare import isnan
        from theon.ops.reduce import any as any_

        factor, g = outputs[0], output_grads[0]
        failed = any_(isnan(factor))
        kept = switch(failed, eye(factor.shape[0], dtype=factor.type.dtype), factor)
        found = CholeskyGrad(self.lower)(inputs[0], kept, switch(failed, zeros_like(g), g))
        return [switch(failed, np.asarray(np.nan, factor.type.dtype), found)]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """L half(L^-1 t L^-T), for the symmetric matrix that a triangle of ``t`` stands for."""
        (t,) = eval_points
        if t is None:
            return [None]
        factor = self(inputs[0])
        if not self.lower:
            factor, t = adjoint(factor), adjoint(t)
        whole = _half(t)
        left = solve_lower_triangular(factor, whole + adjoint(whole))
        inner = solve_lower_triangular(factor, adjoint(left))
        moved = dot(factor, _half(inner))
        return [moved if self.lower else adjoint(moved)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return [shapes[0]]


cholesky = Cholesky()


def _half(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    return triangle(x, True) - diag(diagonal(x) / 2)


def gradient_of_factor(factor: Any, g: Any) -> Any:
    """Return the gradient of the lower triangle of a matrix from that of its lower Cholesky factor (Murray 2016)."""
    middle = _half(dot(adjoint(factor), triangle(g, True)))
    # L^-T middle L^-1
    left = solve_upper_triangular(adjoint(factor), middle)
    s = solve_upper_triangular(adjoint(factor), adjoint(left))
    return _half(s + adjoint(s))


class CholeskyGrad(TensorOp):
    """The gradient of a matrix ``x`` from its factor ``l`` and the factor's gradient ``dz``.

    One node, so that rules see what the gradient is made of: those of a log-determinant and of a quadratic form need no
    products of matrices.
    """

    __module__ = "theano.tensor.slinalg"
    __props__ = ("lower", "destructive")

    def __init__(self, lower: bool = True) -> None:
        self.lower, self.destructive = lower, False

    def infer(self, x: Any, l: Any, dz: Any) -> TensorType:
        """The matrix's type. TypeError for what is no matrix."""
        if any(v.type.ndim != 2 for v in (x, l, dz)):
            raise TypeError(f"CholeskyGrad takes three matrices, not {x.type}, {l.type}, {dz.type}")
        return TensorType(x.type.dtype, [False, False])

    def reference(self, xp: Any, x: Any, l: Any, dz: Any) -> Any:
        """As :func:`gradient_of_factor`."""
        factor, g = (l, dz) if self.lower else (l.T.conj(), dz.T.conj())
        middle = np.tril(factor.T.conj() @ np.tril(g))
        middle -= np.diag(np.diagonal(middle) / 2)
        left = scipy.linalg.solve_triangular(factor, middle, lower=True, trans=2)
        s = scipy.linalg.solve_triangular(factor, left.T.conj(), lower=True, trans=2)
        grad = np.tril(s + s.T.conj()) - np.diag(np.diagonal(s).real)
        return grad if self.lower else grad.T.conj()

    def expression(self, factor: Any, g: Any) -> Any:
        """What the node computes, as a graph."""
        return gradient_of_factor(factor, g) if self.lower else adjoint(gradient_of_factor(adjoint(factor), adjoint(g)))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The matrix is known by its factor."""
        return [[False], [True], [True]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The formula's."""
        return [DisconnectedType()(), *gradient_through(self.expression, inputs[1:], output_grads)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return [shapes[0]]


class CholeskyInverse(_OfMatrix):
    """The inverse of a positive definite matrix, whole, from its Cholesky factor."""

    __module__ = "theon.ops.decompose"
    __props__ = ("lower",)

    def __init__(self, lower: bool = True) -> None:
        self.lower = lower

    def infer(self, x: Any) -> TensorType:
        """A matrix."""
        return self._square(x)

    def reference(self, xp: Any, x: Any) -> Any:
        """LAPACK's, of which one triangle is made. LinAlgError where the factor has a zero on its diagonal."""
        if not len(x):
            return np.zeros_like(x)
        (invert,) = scipy.linalg.get_lapack_funcs(("potri",), (x,))
        found, info = invert(x, lower=self.lower)
        if info:
            raise scipy.linalg.LinAlgError(f"singular factor: element {info - 1} of its diagonal is zero")
        half, rest = (np.tril(found), np.tril(found, -1)) if self.lower else (np.triu(found), np.triu(found, 1))
        return half + rest.T.conj()

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """d(A^-1) = -A^-1 dA A^-1 with dA = dL L^T + L dL^T."""
        (factor,), (inverse,), (g,) = inputs, outputs, output_grads
        moved = matrix_dot(inverse, g + adjoint(g), inverse)
        product = dot(moved, factor) if self.lower else dot(factor, moved)
        return [-triangle(product, self.lower)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the factor."""
        return [shapes[0]]


def cholesky_inverse(factor: Any, lower: bool = True) -> Any:
    """Return the inverse of A from its Cholesky factor: of L L^T, or of U^T U where not ``lower``."""
    return CholeskyInverse(lower)(factor)


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

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Of vectors of length 1 and different values: V^-T (diag(gw) + F * (V^T gV - V^T V diag(V^T gV))) V^T (Boeddeker and others 2017).

        With conjugates where numbers are complex; only the real part of that diagonal changes a vector's length.
        """
        w, v = outputs
        gw, gv = output_grads
        turn = adjoint(v)
        middle: Any = None
        if not isinstance(gw.type, DisconnectedType):
            middle = diag(gw)
        if not isinstance(gv.type, DisconnectedType):
            one = eye(w.shape[0], dtype=real_part(w.type.dtype))
            gap = conjugate(w.dimshuffle("x", 0) - w.dimshuffle(0, "x"))
            product = dot(turn, gv)
            along = diagonal(product)
            moved = product - dot(turn, v) * (real(along) if is_complex(v) else along).dimshuffle("x", 0)
            turned = (1 - one) / (gap + one) * moved
            middle = turned if middle is None else middle + turned
        return [DisconnectedType()() if middle is None else solve(turn, dot(middle, turn))]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """(n,) and (n, n)."""
        return [(shapes[0][0],), shapes[0]]


class Eigh(_OfMatrix):
    """Eigenvalues, ascending, and eigenvectors of a symmetric matrix, of which one triangle is read."""

    __props__ = ("UPLO",)

    def __init__(self, UPLO: str = "L") -> None:
        if UPLO not in ("L", "U"):
            raise ValueError(f"UPLO is 'L' or 'U', not {UPLO!r}")
        self.UPLO = UPLO

    def infer(self, x: Any) -> list[TensorType]:
        """A vector, of real numbers, and a matrix."""
        return [TensorType(real_part(x.type.dtype), [False]), self._square(x)]

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
            turned = (1 - one) / (gap + one) * dot(adjoint(v), gv)
            middle = turned if middle is None else middle + turned
        if middle is None:
            return [DisconnectedType()()]
        return [folded(matrix_dot(v, middle, adjoint(v)), self.UPLO == "L")]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """(n,) and (n, n)."""
        return [(shapes[0][0],), shapes[0]]


class EighGrad(TensorOp):
    """The gradient of a symmetric matrix from its eigenvalues and vectors and their gradients, as one node."""

    __module__ = "theano.tensor.nlinalg"
    __props__ = ("UPLO",)

    def __init__(self, UPLO: str = "L") -> None:
        if UPLO not in ("L", "U"):
            raise ValueError(f"UPLO is 'L' or 'U', not {UPLO!r}")
        self.UPLO = UPLO

    def infer(self, x: Any, w: Any, v: Any, gw: Any, gv: Any) -> TensorType:
        """A matrix. TypeError for other ranks."""
        if [t.type.ndim for t in (x, w, v, gw, gv)] != [2, 1, 2, 1, 2]:
            raise TypeError("EighGrad takes a matrix, values and vectors, and the gradients of these")
        return TensorType(x.type.dtype, [False, False])

    def reference(self, xp: Any, x: Any, w: Any, v: Any, gw: Any, gv: Any) -> Any:
        """As the gradient of :class:`Eigh`."""
        one = np.eye(len(w), dtype=w.dtype)
        middle = np.diag(gw) + (1 - one) / (w - w[:, None] + one) * (v.T.conj() @ gv)
        g = v @ middle @ v.T.conj()
        if np.iscomplexobj(g):
            g = (g + g.T.conj()) / 2
        return np.tril(g) + np.triu(g, 1).T.conj() if self.UPLO == "L" else np.triu(g) + np.tril(g, -1).T.conj()

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix."""
        return [shapes[0]]


class SVD(_OfMatrix):
    """Singular values, and vectors where ``compute_uv``: U, s, V^T."""

    __props__ = ("full_matrices", "compute_uv")

    def __init__(self, full_matrices: Any = True, compute_uv: Any = True) -> None:
        self.full_matrices, self.compute_uv = bool(full_matrices), bool(compute_uv)

    def infer(self, x: Any) -> list[TensorType]:
        """One or three; the values are real numbers."""
        values = TensorType(real_part(x.type.dtype), [False])
        return [self._square(x), values, self._square(x)] if self.compute_uv else [values]

    def reference(self, xp: Any, x: Any) -> Any:
        """LAPACK's."""
        return np.linalg.svd(x, self.full_matrices, self.compute_uv)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As many values as the shorter side has; vectors as rows or columns."""
        from theon.ops.arith import minimum

        rows, columns = shapes[0]
        short = minimum(rows, columns)
        if not self.compute_uv:
            return [(short,)]
        if self.full_matrices:
            return [(rows, rows), (short,), (columns, columns)]
        return [(rows, short), (short,), (short, columns)]

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
    v = adjoint(vt)
    one = eye(s.shape[0], dtype=s.type.dtype)
    squares = s**2
    gap = squares.dimshuffle("x", 0) - squares.dimshuffle(0, "x")
    f = (1 - one) / (gap + one)
    total: Any = None
    if not isinstance(gu.type, DisconnectedType):
        inner = f * (dot(adjoint(u), gu) - dot(adjoint(gu), u))
        term = matrix_dot(u, inner * s.dimshuffle("x", 0), vt)
        outside = gu - matrix_dot(u, adjoint(u), gu)
        total = term + dot(outside / s.dimshuffle("x", 0), vt)
    if not isinstance(gvt.type, DisconnectedType):
        gv = adjoint(gvt)
        product = dot(adjoint(v), gv)
        inner = f * (product - dot(adjoint(gv), v))
        term = matrix_dot(u, s.dimshuffle(0, "x") * inner, vt)
        outside = gv - matrix_dot(v, adjoint(v), gv)
        term = term + dot(u / s.dimshuffle("x", 0), adjoint(outside))
        if is_complex(u):
            # A pair of vectors turns by a common phase, which LAPACK takes from U (Wan and Zhang 2019).
            phase = imag(diagonal(product)) * np.asarray(-1j, u.type.dtype)
            term = term + dot(u * (phase / s).dimshuffle("x", 0), vt)
        total = term if total is None else total + term
    return total


class QRFull(_OfMatrix):
    """The factors Q and R."""

    __props__ = ("mode",)

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def infer(self, x: Any) -> list[TensorType]:
        """Two matrices; of LAPACK's own form a matrix and a vector."""
        second = TensorType(x.type.dtype, [False]) if self.mode == "raw" else self._square(x)
        return [self._square(x), second]

    def reference(self, xp: Any, x: Any) -> Any:
        """LAPACK's."""
        return np.linalg.qr(x, self.mode)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Of a thin decomposition (Walter and Lehmann 2010); columns beyond the rows are Q times what R has there."""
        (x,), (q, r) = inputs, outputs
        if self.mode in ("complete", "raw"):
            from theon.autodiff.reverse import grad_not_implemented

            why = "The columns of Q beyond those of the matrix are not unique."
            return [grad_not_implemented(self, 0, x, why if self.mode == "complete" else "Reflectors are not unique.")]
        gq, gr = (zeros_like(v) if isinstance(g.type, DisconnectedType) else g for g, v in zip(output_grads, outputs))
        k = r.shape[0]
        square, g_square = r[:, :k], gr[:, :k]
        gq = gq + dot(x[:, k:], adjoint(gr[:, k:]))
        m = dot(square, adjoint(g_square)) - dot(adjoint(gq), q)
        half = _half(m)  # the diagonal of R is real
        symmetric = half + adjoint(half)
        # (gq + q copyltu(m)) r^-T
        first = adjoint(solve_upper_triangular(square, adjoint(gq + dot(q, symmetric))))
        return [join(1, first, dot(q, gr[:, k:]))]


class QRIncomplete(QRFull):
    """The factor R alone."""

    def infer(self, x: Any) -> Any:
        """A matrix."""
        return self._square(x)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Through both factors."""
        op = QRFull("reduced")
        both = op(inputs[0])
        return op.L_op(inputs, both, [DisconnectedType()(), output_grads[0]])


eig = Eig()


def eigh(a: Any, UPLO: str = "L") -> Any:
    """Return eigenvalues, ascending, and eigenvectors of the symmetric matrix ``a``, of which triangle ``UPLO`` is read."""
    return Eigh(UPLO)(a)


def svd(a: Any, full_matrices: Any = 1, compute_uv: Any = 1) -> Any:
    """Return U, s and V^T with ``a = U diag(s) V^T``, or s alone where ``compute_uv`` is 0."""
    return SVD(full_matrices, compute_uv)(a)


def qr(a: Any, mode: str = "reduced") -> Any:
    """Return Q and R with ``a = Q R``: thin ("reduced") or square ("complete"); R alone for "r".

    For "raw", LAPACK's own form as ``numpy.linalg.qr``: reflectors and R in one matrix, transposed, and the reflectors' factors.
    ValueError for another mode.
    """
    if mode in ("reduced", "complete", "full", "economic", "raw"):
        return QRFull({"full": "reduced", "economic": "reduced"}.get(mode, mode))(a)
    if mode != "r":
        raise ValueError(f"Unrecognized mode {mode!r}: 'reduced', 'complete', 'r' or 'raw'")
    return QRIncomplete(mode)(a)


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
        return TensorType(real_part(upcast("float32", a.type.dtype, b.type.dtype)), [False])

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
        found = [(v * g) @ v.T.conj(), -(v * (g * w)) @ v.T.conj()]
        if self.lower:
            return tuple(np.tril(m) + np.triu(m, 1).T.conj() for m in found)
        return tuple(np.triu(m) + np.tril(m, -1).T.conj() for m in found)


def eigvalsh(a: Any, b: Any, lower: bool = True) -> Any:
    """Return the eigenvalues, ascending, of ``a v = w b v``; ``b`` None is the unit matrix."""
    a = as_tensor_variable(a)
    return Eigvalsh(lower)(a, eye(a.shape[0], dtype=a.type.dtype) if b is None else as_tensor_variable(b))
