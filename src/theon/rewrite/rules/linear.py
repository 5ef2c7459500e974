"""Rules of linear algebra by the structure of matrices: solutions, inverses, products, traces, determinants, shared factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.ops.arith import minimum, switch
from theon.ops.compare import eq, gt, lt, neq
from theon.ops.decompose import SVD, Cholesky, cholesky, cholesky_inverse
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot, dot
from theon.ops.explog import log
from theon.ops.factors import LUFactors, LUInverse, LUSolve
from theon.ops.fill import ExtractDiag, Eye, arange, diagonal, eye
from theon.ops.hints import Hint
from theon.ops.join import join
from theon.ops.linalg import Det, MatrixInverse, MatrixPinv, SLogDet, slogdet
from theon.ops.reduce import Prod
from theon.ops.solve import Solve, cho_solve, solve, solve_lower_triangular, solve_upper_triangular
from theon.rewrite.rule import Rules
from theon.rewrite.rules.multiples import Product, outer_product
from theon.rewrite.rules.stabilize import made_by
from theon.rewrite.rules.structure import (
    TURN,
    factor_of,
    is_positive_definite,
    is_symmetric,
    transposed,
    triangle_of,
    turned,
)

__all__ = ["factors", "linear"]

linear = Rules("linear")
factors = Rules("linear_factors")


# --- solving ----------------------------------------------------------------------------------------------------------


@linear.node(Solve, effect="rounding")
def solution_of_outer_product(node: Apply) -> Any:
    """A^-1 (u v^T) is (A^-1 u) v^T: one solution in place of many."""
    A, b = node.inputs
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    product = Product(b)
    pair = None if b.type.ndim == 1 else outer_product(product)  # type: ignore[attr-defined]
    if pair is None or any(w.type.ndim != 1 or w.type.dtype != dtype for w in pair):  # type: ignore[attr-defined]
        return None
    u: Any = node.op(A, pair[0])  # type: ignore[attr-defined]
    found = u.dimshuffle(0, "x") * pair[1].dimshuffle("x", 0)  # type: ignore[attr-defined]
    if product.plain():
        return found
    scale: Any = product.coefficient(dtype)
    return scale.dimshuffle("x", "x") * found


@linear.node(Solve, theano=("tag_solve_triangular", "psd_solve_with_chol"), effect="rounding")
def solve_by_structure(node: Apply) -> Any:
    """A triangular matrix, a product with a known factor, a positive definite or a symmetric matrix."""
    A, b = node.inputs
    op: Any = node.op
    if op.A_structure not in ("general", "symmetric", "hermitian", "positive_definite"):
        return None
    if op.A_structure == "general":
        kind = triangle_of(A)
        if kind is not None:
            return (solve_lower_triangular if kind == "lower" else solve_upper_triangular)(A, b)
    known = factor_of(A)
    if known is not None:
        return cho_solve(known, b)
    if op.A_structure == "general" and is_positive_definite(A):
        return cho_solve((cholesky(A), True), b)
    return None


@linear.node(Dot, effect="rounding")
def product_with_outer_product(node: Apply) -> Any:
    """M (u v^T) is (M u) v^T: a product with a vector in place of one of matrices."""
    a, b = node.inputs
    for side, other, left in ((b, a, True), (a, b, False)):
        if side.type.ndim != 2 or other.type.ndim != 2:  # type: ignore[attr-defined]
            return None
        product = Product(side)
        pair = outer_product(product)
        if pair is None or any(w.type.ndim != 1 for w in pair):  # type: ignore[attr-defined]
            continue
        u, v = pair
        dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
        if u.type.dtype != dtype or v.type.dtype != dtype:  # type: ignore[attr-defined]
            continue
        moved: Any = dot(other, u) if left else dot(turned(other), v)
        found: Any = (
            moved.dimshuffle(0, "x") * v.dimshuffle("x", 0)  # type: ignore[attr-defined]
            if left
            else u.dimshuffle(0, "x") * moved.dimshuffle("x", 0)  # type: ignore[attr-defined]
        )
        if not product.plain():
            found = product.coefficient(dtype).dimshuffle("x", "x") * found  # type: ignore[attr-defined]
        return found
    return None


@linear.node(Dot, theano="inv_as_solve", effect="rounding")
def product_with_inverse(node: Apply) -> Any:
    """A^-1 b is a solution; so is b A^-1, of the transpose."""
    a, b = node.inputs
    out = node.outputs[0].type
    for inverse, other, left in ((a, b, True), (b, a, False)):
        flip = False
        inner = transposed(inverse)
        if inner is not None:
            inverse, flip = inner, True
        made = made_by(inverse, MatrixInverse)
        if made is None or other.type.dtype != out.dtype or inverse.type.dtype != out.dtype:  # type: ignore[attr-defined]
            continue
        if made_by(other, MatrixInverse) is not None and not left:
            continue
        A = made.inputs[0]
        if flip == left:
            A = turned(A)
        if left:
            return solve(A, other)
        if other.type.ndim == 1:  # type: ignore[attr-defined]
            return solve(A, other)
        return solve(A, turned(other)).T
    return None


@linear.node(MatrixInverse, theano="transinv_to_invtrans", effect="rounding")
def inverse_by_structure(node: Apply) -> Any:
    """Of an inverse, a transpose, a triangle, a positive definite matrix."""
    (A,) = node.inputs
    inner = made_by(A, MatrixInverse)
    if inner is not None:
        return inner.inputs[0]
    plain = transposed(A)
    if plain is not None:
        return node.op(plain).T  # type: ignore[attr-defined]
    if made_by(A, Eye) is not None:
        return A
    kind = triangle_of(A)
    if kind is not None:
        one = eye(A.shape[0], dtype=A.type.dtype)  # type: ignore[attr-defined]
        return (solve_lower_triangular if kind == "lower" else solve_upper_triangular)(A, one)
    known = factor_of(A)
    if known is not None:
        return cholesky_inverse(*known)
    if is_positive_definite(A):
        return cholesky_inverse(cholesky(A))
    return None


@linear.node(Cholesky, effect="rounding")
def factor_of_product(node: Apply) -> Any:
    """The factor of F F^T is F."""
    known = factor_of(node.inputs[0])
    if known is None:
        return None
    return known[0] if known[1] == node.op.lower else turned(known[0])  # type: ignore[attr-defined]


# --- traces and determinants ------------------------------------------------------------------------------------------


@linear.node(ExtractDiag, effect="rounding")
def diagonal_of_product(node: Apply) -> Any:
    """The diagonal of A B is the sum of A * B^T over its rows: no product of matrices."""
    op: Any = node.op
    made = made_by(node.inputs[0], Dot)
    if made is None or op.offset != 0 or (op.axis1, op.axis2) != (0, 1):
        return None
    a, b = made.inputs
    if any(v.type.ndim != 2 or v.type.dtype != made.outputs[0].type.dtype for v in (a, b)):  # type: ignore[attr-defined]
        return None
    if a.type.dtype not in ("float32", "float64") or any(a.type.broadcastable + b.type.broadcastable):  # type: ignore[attr-defined]
        return None
    n = minimum(a.shape[0], b.shape[1])  # type: ignore[attr-defined]
    return (a[:n] * turned(b)[:n]).sum(axis=1)  # type: ignore[index]


@linear.node(Det, theano="local_det_chol", effect="rounding")
def determinant_by_structure(node: Apply) -> Any:
    """Of a transpose the same, of a triangle the product of its diagonal, of a positive definite matrix its factor's, squared."""
    (A,) = node.inputs
    plain = transposed(A)
    if plain is not None:
        return node.op(plain)  # type: ignore[attr-defined]
    if triangle_of(A) is not None:
        return diagonal(A).prod()
    known = factor_of(A)
    if known is None and is_positive_definite(A):
        known = cholesky(A), True
    return None if known is None else diagonal(known[0]).prod() ** np.asarray(2, A.type.dtype)  # type: ignore[attr-defined]


@linear.node("log", effect="rounding")
def log_of_determinant(node: Apply) -> Any:
    """The determinant itself may overflow, or vanish; its logarithm does neither."""
    x = node.inputs[0]
    made = made_by(x, Det)
    absolute = made_by(x, "abs_")
    if made is None and absolute is not None:
        made = made_by(absolute.inputs[0], Det)
    if made is None or made.outputs[0].type != node.outputs[0].type:
        return None
    if made.inputs[0].type.dtype.startswith("complex"):  # type: ignore[attr-defined]
        return None
    found = log_size_of_determinant(made.inputs[0])
    if found is not None:
        return found
    sign, size = slogdet(made.inputs[0])
    if absolute is not None:
        return size
    return switch(lt(sign, 0), np.asarray(np.nan, size.type.dtype), size)


def log_size_of_determinant(A: Variable) -> Any:
    """By a triangle, a factor or the factors of a product of square matrices, where these are known."""
    plain = transposed(A)
    if plain is not None:
        return log_size_of_determinant(plain)
    known = factor_of(A)
    if known is None and is_positive_definite(A):
        known = cholesky(A), True
    if known is not None:
        return 2 * log(diagonal(known[0])).sum()
    maker = made_by(A, Cholesky)
    if maker is not None:
        return log(diagonal(A)).sum()
    inverse = made_by(A, MatrixInverse)
    if inverse is not None:
        inner = log_size_of_determinant(inverse.inputs[0])
        return None if inner is None else -inner
    return None


@linear.node("log", theano="local_log_prod_sqr", effect="rounding")
def log_of_product_of_diagonal(node: Apply) -> Any:
    """log(prod(x)) of the diagonal of a Cholesky factor, whose elements are positive."""
    made = made_by(node.inputs[0], Prod)
    if made is None or node.outputs[0].type.ndim:  # type: ignore[attr-defined]
        return None
    taken = made_by(made.inputs[0], ExtractDiag)
    if taken is None or made_by(taken.inputs[0], Cholesky) is None:
        return None
    return log(taken.outputs[0]).sum()


@linear.node(DimShuffle, theano="no_transpose_symmetric")
def transpose_of_symmetric(node: Apply) -> Any:
    """The matrix itself."""
    if node.op.new_order != TURN or not is_symmetric(node.inputs[0]):  # type: ignore[attr-defined]
        return None
    return node.inputs[0]


# --- one factorisation for all ----------------------------------------------------------------------------------------


def _uses_of(A: Variable, fgraph: FunctionGraph) -> int:
    """How many nodes factorise ``A`` or its transpose, or use its factors already."""
    found = 0
    for x in (A, *(node.outputs[0] for node, _ in _clients(A, fgraph) if getattr(node.op, "new_order", None) == TURN)):
        for node, place in _clients(x, fgraph):
            general = isinstance(node.op, Solve) and node.op.A_structure == "general" and place == 0
            found += general or isinstance(node.op, Det | SLogDet | MatrixInverse)
            if isinstance(node.op, LUFactors):
                found += len(_clients(node.outputs[0], fgraph))
    return found


def _clients(x: Variable, fgraph: FunctionGraph) -> list[tuple[Apply, int]]:
    return [(node, place) for node, place in fgraph.clients(x) if isinstance(node, Apply)]


@factors.node(Hint)
def remove_hint_nodes(node: Apply) -> Any:
    """What was said has been used."""
    return node.inputs[0]


@factors.node(MatrixPinv, effect="rounding")
def pseudoinverse_by_singular_values(node: Apply) -> Any:
    """V diag(1 / s) U^T, with 0 for what is below 1e-15 of the largest singular value."""
    (A,) = node.inputs
    if A.type.dtype not in ("float32", "float64"):  # type: ignore[attr-defined]
        return None
    u, s, vt = SVD(False, True)(A)
    zero = np.asarray(0, s.type.dtype)
    largest = join(0, s, zero[None]).max()  # of no values, 0
    inverses = switch(gt(s, np.asarray(1e-15, s.type.dtype) * largest), 1 / s, zero)
    return dot(vt.T * inverses.dimshuffle("x", 0), u.T)


@factors.node(Solve, Det, SLogDet, MatrixInverse, effect="rounding", graph=True)
def shared_factors(node: Apply, fgraph: FunctionGraph) -> Any:
    """Where a matrix is solved with, inverted, or its determinant taken more than once: by one set of LU factors."""
    A, *rest = node.inputs
    op: Any = node.op
    dtype = A.type.dtype  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64") or any(v.type.dtype != dtype for v in (*rest, *node.outputs)):  # type: ignore[attr-defined]
        return None
    if isinstance(op, Solve) and op.A_structure != "general":
        return None
    flip = False
    inner = transposed(A)
    if inner is not None:
        A, flip = inner, True
    if _uses_of(A, fgraph) < 2:
        return None
    packed, pivots = LUFactors()(A)
    if isinstance(op, Solve):
        return LUSolve(flip)(packed, pivots, *rest)
    if isinstance(op, MatrixInverse):
        inverse = LUInverse()(packed, pivots)
        return inverse.T if flip else inverse
    there: Any = diagonal(packed)
    one = np.asarray(1, dtype)
    sign: Any = switch(neq(pivots, arange(pivots.shape[0])), -one, one).prod()
    if isinstance(op, Det):
        return sign * there.prod()
    zero = np.asarray(0, dtype)
    signs: Any = switch(lt(there, zero), -one, switch(eq(there, zero), zero, one))
    return [sign * signs.prod(), log(abs(there)).sum()]
