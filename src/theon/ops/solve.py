"""Linear equations: of general, symmetric, positive definite and triangular matrices, and least squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy  # its modules are loaded when they are first asked for

from theon.dtypes import discrete_dtypes, upcast
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.adjoint import adjoint, analytic, is_complex, of_kind
from theon.ops.arith import conjugate
from theon.ops.declare import TensorOp, to_float
from theon.ops.dot import dot
from theon.ops.linalg import _product, gradient_through, over_stacks, pinv, single, triangle
from theon.ops.reshape import reshape
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "MATRIX_STRUCTURES",
    "Solve",
    "TensorSolve",
    "cho_solve",
    "folded",
    "lstsq",
    "solve",
    "solve_lower_triangular",
    "solve_symmetric",
    "solve_triangular",
    "solve_upper_triangular",
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
_SCIPY = {"symmetric": "sym", "hermitian": "her", "positive_definite": "pos"}
_STRUCTURES = (
    "general",
    "symmetric",
    "lower_triangular",
    "upper_triangular",
    "hermitian",
    "banded",
    "diagonal",
    "toeplitz",
)
_SCIPY = {"symmetric": "sym", "hermitian": "her", "positive_definite": "pos"}
_STRUCTURES = (*MATRIX_STRUCTURES, "positive_definite")


class Solve(TensorOp):
    """x with A x = b, for a vector or a matrix b; ``A_structure`` says what is known of A, ``lower`` which triangle holds it."""

    __module__ = "theano.tensor.slinalg"
    __props__ = ("A_structure", "lower", "overwrite_A", "overwrite_b")

    def __init__(
        self, A_structure: str = "general", lower: bool = False, overwrite_A: bool = False, overwrite_b: bool = False
    ) -> None:
        if A_structure not in _STRUCTURES:
            raise ValueError("Invalid matrix structure argument", A_structure)
        self.A_structure, self.lower, self.overwrite_A, self.overwrite_b = A_structure, lower, overwrite_A, overwrite_b

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """Apply the op; to stacks over the dimensions in front, which broadcast. A vector ``b`` stays one for all."""
        if len(inputs) == 2:
            A, b = (as_tensor_variable(v) for v in inputs)
            if A.type.ndim >= 2 and b.type.ndim >= 1 and (A.type.ndim > 2 or b.type.ndim > 2):
                return over_stacks(self, [A, b], [2, min(b.type.ndim, 2)], **kwargs)
        return super().__call__(*inputs, **kwargs)

    def infer(self, A: Any, b: Any) -> TensorType:
        """The shape of ``b``. TypeError for other ranks."""
        if A.type.ndim != 2 or b.type.ndim not in (1, 2):
            raise TypeError(f"Solve takes a matrix and a vector or matrix, not {A.type} and {b.type}")
        dtype = upcast(A.type.dtype, b.type.dtype)
        return TensorType(to_float(dtype) if dtype in discrete_dtypes else dtype, b.type.broadcastable)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute; in single precision for half, which LAPACK does not know."""
        super().perform(node, single(inputs), output_storage, params)

    def reference(self, xp: Any, A: Any, b: Any) -> Any:
        """LinAlgError for a singular matrix, ValueError for sizes that do not fit."""
        if self.A_structure == "lower_triangular":
            return scipy.linalg.solve_triangular(A, b, lower=True)
        if self.A_structure == "upper_triangular":
            return scipy.linalg.solve_triangular(A, b, lower=False)
        if self.A_structure in _SCIPY:
            kind = _SCIPY[self.A_structure]
            return scipy.linalg.solve(A, b, lower=self.lower, assume_a=kind)
        return np.linalg.solve(A, b if b.ndim == 2 else b[:, None]).reshape(b.shape)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """A^-T g for b, -(A^-T g) x^T for A (Giles 2008, 2.3.1), in the triangle that is read."""
        A, _ = inputs
        x, g = outputs[0], output_grads[0]
        if self.A_structure in ("hermitian", "positive_definite") and is_complex(A):
            gb = self(A, g)
            gA = dot(gb, adjoint(x)) if x.type.ndim == 2 else gb.dimshuffle(0, "x") * conjugate(x).dimshuffle("x", 0)
            return [-folded(gA, self.lower), of_kind(gb, inputs[1])]
        return self._by_transposes(inputs, outputs, output_grads)

    @analytic
    def _by_transposes(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        A, _ = inputs
        x, g = outputs[0], output_grads[0]
        mirrored = {"lower_triangular": "upper_triangular", "upper_triangular": "lower_triangular"}
        other = Solve(mirrored.get(self.A_structure, self.A_structure), not self.lower)
        gb = other(A.T, g)
        gA = dot(gb, x.T) if x.type.ndim == 2 else gb.dimshuffle(0, "x") * x.dimshuffle("x", 0)
        if self.A_structure in mirrored:
            gA = triangle(gA, self.A_structure == "lower_triangular")
        elif self.A_structure in _SCIPY:
            gA = triangle(gA, self.lower) + triangle(gA, not self.lower, 1 if self.lower else -1).T
        return [-gA, gb]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """A^-1 (tb - tA x)."""
        tA, tb = eval_points
        total: Any = tb
        if tA is not None:
            if self.A_structure in ("lower_triangular", "upper_triangular"):
                tA = triangle(tA, self.A_structure == "lower_triangular")
            elif self.A_structure in _SCIPY:
                half = triangle(tA, self.lower)
                other = triangle(tA, self.lower, -1 if self.lower else 1)
                tA = half + (other.T if self.A_structure == "symmetric" else adjoint(other))
            moved = dot(tA, self(*inputs))
            total = -moved if tb is None else tb - moved
        return [None if total is None else self(inputs[0], total)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of ``b``, rows as A has columns."""
        return [(shapes[0][1], *shapes[1][1:])]


solve, solve_symmetric = Solve(), Solve("symmetric")
solve_lower_triangular, solve_upper_triangular = (
    Solve("lower_triangular", lower=True),
    Solve("upper_triangular", lower=False),
)


def folded(g: Any, lower: bool) -> Any:
    """Return the gradient of the triangle that is read: its own and that of the other one, which holds the conjugates."""
    if is_complex(g):
        g = (g + adjoint(g)) / 2  # the diagonal is real
    return triangle(g, lower) + adjoint(triangle(g, not lower, 1 if lower else -1))


def solve_triangular(A: Any, b: Any, trans: Any = 0, lower: bool = False) -> Any:
    """Return x with A x = b for a triangular ``A``, of which only that triangle is read.

    ``trans``: 0 or "N" for A, 1 or "T" for its transpose, 2 or "C" for its conjugate transpose. ``b`` is a vector or a matrix. LinAlgError for a zero on the
    diagonal; ValueError for another ``trans``.
    """
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ValueError(f"trans is 0, 1, 2, 'N', 'T' or 'C', not {trans!r}")
    A = as_tensor_variable(A)
    if trans in (2, "C"):
        A = conjugate(A)
    if trans not in (0, "N"):
        A, lower = A.dimshuffle(*range(A.type.ndim - 2), A.type.ndim - 1, A.type.ndim - 2), not lower
    return (solve_lower_triangular if lower else solve_upper_triangular)(A, b)


def cho_solve(c_and_lower: tuple[Any, bool], b: Any) -> Any:
    """Return x with A x = b, given (Cholesky factor of A, whether it is the lower one).

    >>> import theon.tensor as T
    >>> from theon.ops.decompose import cholesky
    >>> cho_solve((cholesky(T.dmatrix()), True), T.dvector()).type
    TensorType(float64, vector)
    """
    factor, lower = c_and_lower
    factor = as_tensor_variable(factor)
    first = solve_triangular(factor, b, 0 if lower else 2, lower)
    return solve_triangular(factor, first, 2 if lower else 0, lower)


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

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the solution moves smoothly, and not with ``rcond``."""
        return [[True, False, False, False]] * 2 + [[False] * 4]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """That of pinv(x) y, for matrices of constant rank (Golub and Pereyra 1973)."""
        x, y, _ = inputs
        found = gradient_through(lambda a, b: dot(pinv(a), b), [x, y], output_grads[:1])
        return [*found, DisconnectedType()()]


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


class TensorSolve(TensorOp):
    """x with ``tensordot(a, x, x.ndim) = b``, as one node; :func:`tensorsolve` is made of reshapes."""

    __module__ = "theano.tensor.nlinalg"
    __props__ = ("axes",)

    def __init__(self, axes: Any = None) -> None:
        self.axes = None if axes is None else tuple(axes)

    def infer(self, a: Any, b: Any) -> TensorType:
        """The dimensions that ``a`` has more."""
        return TensorType(to_float(upcast(a.type.dtype, b.type.dtype)), [False] * (a.type.ndim - b.type.ndim))

    def reference(self, xp: Any, a: Any, b: Any) -> Any:
        """NumPy's."""
        return np.linalg.tensorsolve(a, b, self.axes)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The function's."""
        return gradient_through(lambda a, b: tensorsolve(a, b, self.axes), inputs, output_grads)
