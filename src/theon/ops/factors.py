"""LU factors: made once for a matrix, used for several solutions, its inverse and its determinant."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy  # its modules are loaded when they are first asked for

from theon.dtypes import discrete_dtypes, upcast
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.adjoint import analytic
from theon.ops.declare import TensorOp, to_float
from theon.ops.dot import dot
from theon.ops.fill import eye
from theon.ops.linalg import _OfMatrix, gradient_through, triangle
from theon.ops.solve import solve_triangular
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["LU", "LUFactors", "LUInverse", "LUSolve", "lu", "lu_factor", "lu_solve"]


class LUFactors(_OfMatrix):
    """The factors of a square matrix's transpose as LAPACK packs them, transposed, and the rows that were exchanged.

    LAPACK works on columns; a program's matrices lie in rows. A singular matrix has factors too.
    """

    __module__ = "theon.ops.factors"

    def infer(self, x: Any) -> list[TensorType]:
        """A matrix and a vector of int32."""
        return [self._square(x), TensorType("int32", [False])]

    def reference(self, xp: Any, x: Any) -> Any:
        """SciPy's. ValueError for a matrix that is not square."""
        if x.shape[0] != x.shape[1]:
            raise scipy.linalg.LinAlgError(f"the matrix must be square, it is {x.shape}")
        if not x.size:
            return np.zeros_like(x), np.zeros(0, "int32")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
            packed, pivots = scipy.linalg.lu_factor(x.T, check_finite=False)
        return packed.T, pivots.astype("int32")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The exchanges do not move smoothly."""
        return [[True, False]]

    @analytic
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """With x^T = P L U: the transpose of P L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T (de Hoog and others 2011)."""
        g = output_grads[0]
        if isinstance(g.type, DisconnectedType):
            return [DisconnectedType()()]
        packed, pivots = outputs[0].T, outputs[1]
        lower, upper = _unpacked(packed)
        inner = triangle(dot(lower.T, triangle(g.T, True, -1)), True, -1)
        inner = inner + triangle(dot(triangle(g.T, False), upper.T), False)
        right = solve_triangular(upper, inner.T).T
        left = solve_triangular(lower, right, trans=1, lower=True)
        # P is the exchanges undone.
        return [left[_Order(inverse=True)(pivots)].T]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the matrix, and its rows."""
        return [shapes[0], (shapes[0][0],)]


def _unpacked(packed: Any) -> tuple[Any, Any]:
    n = packed.shape[0]
    return triangle(packed, True, -1) + eye(n, dtype=packed.type.dtype), triangle(packed, False)


class _Order(TensorOp):
    """The order of rows that exchanges make: row i with row ``pivots[i]``, one after another."""

    __module__ = "theon.ops.factors"
    __props__ = ("inverse",)

    def __init__(self, inverse: bool = False) -> None:
        self.inverse = inverse

    def infer(self, pivots: Any) -> TensorType:
        """A vector of int64."""
        return TensorType("int64", [False])

    def reference(self, xp: Any, pivots: Any) -> Any:
        """Exchange."""
        order = np.arange(len(pivots))
        for i, other in enumerate(pivots):
            order[[i, other]] = order[[other, i]]
        return np.argsort(order) if self.inverse else order

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Whole numbers."""
        return [[False]]


class LUSolve(TensorOp):
    """x with A x = b, or with A^T x = b where ``transposed``, from A's :class:`LUFactors`."""

    __module__ = "theon.ops.factors"
    __props__ = ("transposed",)

    def __init__(self, transposed: bool = False) -> None:
        self.transposed = transposed

    def infer(self, packed: Any, pivots: Any, b: Any) -> TensorType:
        """That of ``b``. TypeError for other ranks."""
        if packed.type.ndim != 2 or pivots.type.ndim != 1 or b.type.ndim not in (1, 2):
            raise TypeError(message("LUSolve takes factors and a vector or matrix", [packed, pivots, b]))
        dtype = upcast(packed.type.dtype, b.type.dtype)
        return TensorType(to_float(dtype) if dtype in discrete_dtypes else dtype, b.type.broadcastable)

    def reference(self, xp: Any, packed: Any, pivots: Any, b: Any) -> Any:
        """LinAlgError for a singular matrix, ValueError for sizes that do not fit."""
        if packed.shape[0] != b.shape[0]:
            raise ValueError(f"solve: the matrix has {packed.shape[0]} rows, the right side {b.shape[0]}")
        if (np.diagonal(packed) == 0).any():
            raise scipy.linalg.LinAlgError("Singular matrix")
        if not b.size:
            return np.zeros(b.shape, np.result_type(packed, b))
        return scipy.linalg.lu_solve((packed.T, pivots), b, trans=0 if self.transposed else 1, check_finite=False)

    @analytic
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """As that of the triangular solutions it is made of."""

        def steps(packed: Any, b: Any) -> Any:
            lower, upper = _unpacked(packed.T)  # of A^T
            if self.transposed:
                moved = b[_Order()(inputs[1])]
                return solve_triangular(upper, solve_triangular(lower, moved, lower=True))
            y = solve_triangular(upper, b, trans=1)
            return solve_triangular(lower, y, trans=1, lower=True)[_Order(inverse=True)(inputs[1])]

        packed, _, b = inputs
        first, last = gradient_through(steps, [packed, b], output_grads)
        return [first, DisconnectedType()(), last]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the exchanges."""
        return [[True], [False], [True]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the right side."""
        return [shapes[2]]


class LUInverse(TensorOp):
    """The inverse of a matrix from its :class:`LUFactors`."""

    __module__ = "theon.ops.factors"
    __props__ = ()

    def infer(self, packed: Any, pivots: Any) -> TensorType:
        """A matrix."""
        return TensorType(packed.type.dtype, [False, False])

    def reference(self, xp: Any, packed: Any, pivots: Any) -> Any:
        """LAPACK's. LinAlgError where there is none."""
        if not packed.size:
            return np.zeros_like(packed)
        (invert,) = scipy.linalg.get_lapack_funcs(("getri",), (packed,))
        found, info = invert(packed.T, pivots)
        if info:
            raise scipy.linalg.LinAlgError("Singular matrix")
        return found.T

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the factors."""
        return [shapes[0]]


def lu_factor(a: Any) -> tuple[Any, Any]:
    """Return the packed LU factors of the square matrix ``a`` and the rows that were exchanged, as ``scipy.linalg.lu_factor``.

    LinAlgError for a matrix that is not square.
    """
    packed, pivots = LUFactors()(as_tensor_variable(a).T)
    return packed.T, pivots


def lu_solve(lu_and_piv: tuple[Any, Any], b: Any, trans: Any = 0) -> Any:
    """Return x with A x = b, or with A^T x = b where ``trans`` is 1, from the result of :func:`lu_factor`.

    LinAlgError for a singular matrix; ValueError for another ``trans``.
    """
    if trans not in (0, 1):
        raise ValueError(f"trans is 0 or 1, not {trans!r}")
    packed, pivots = lu_and_piv
    return LUSolve(transposed=not trans)(as_tensor_variable(packed).T, pivots, as_tensor_variable(b))


class LU(_OfMatrix):
    """P, L and U with A = P L U, for a matrix of any shape; P L and U where ``permute_l``."""

    __module__ = "theon.ops.factors"
    __props__ = ("permute_l",)

    def __init__(self, permute_l: bool = False) -> None:
        self.permute_l = permute_l

    def infer(self, x: Any) -> list[TensorType]:
        """Two or three matrices."""
        return [self._square(x)] * (2 if self.permute_l else 3)

    def reference(self, xp: Any, x: Any) -> Any:
        """SciPy's."""
        return tuple(scipy.linalg.lu(x, permute_l=self.permute_l, check_finite=False))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The permutation does not move smoothly."""
        return [[True, True] if self.permute_l else [False, True, True]]

    @analytic
    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """P L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T, of a square matrix (de Hoog and others 2011)."""
        if self.permute_l:
            p, lower, upper = LU()(*inputs)
            g_lower, g_upper = output_grads
            if not isinstance(g_lower.type, DisconnectedType):
                g_lower = dot(p.T, g_lower)
        else:
            (p, lower, upper), (_, g_lower, g_upper) = outputs, output_grads
        inner: Any = None
        if not isinstance(g_lower.type, DisconnectedType):
            inner = triangle(dot(lower.T, g_lower), True, -1)
        if not isinstance(g_upper.type, DisconnectedType):
            other = triangle(dot(g_upper, upper.T), False)
            inner = other if inner is None else inner + other
        if inner is None:
            return [DisconnectedType()()]
        right = solve_triangular(upper, inner.T).T
        return [dot(p, solve_triangular(lower, right, trans=1, lower=True))]


def lu(a: Any, permute_l: bool = False) -> Any:
    """Return P, L, U with ``a = P L U``, L with ones on its diagonal; (P L, U) where ``permute_l``. The gradient is that of square ones."""
    return LU(permute_l)(a)
