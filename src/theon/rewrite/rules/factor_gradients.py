"""Gradients of Cholesky factors by what they are used for: determinants and solutions have shorter ones than the general."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Variable
from theon.ops.arith import neg
from theon.ops.declare import Elemwise
from theon.ops.decompose import Cholesky, CholeskyGrad, cholesky_inverse
from theon.ops.dot import dot
from theon.ops.fill import DiagonalGrad, ExtractDiag, tri
from theon.ops.linalg import Triangle
from theon.ops.solve import Solve, solve_upper_triangular
from theon.rewrite.rule import Rules
from theon.rewrite.rules.multiples import Product, outer_product
from theon.rewrite.rules.stabilize import made_by
from theon.rewrite.rules.structure import transposed

__all__ = ["gradients_of_factors"]

gradients_of_factors = Rules("linear_gradients")


def _terms(v: Variable, lower: bool, flip: bool = False, depth: int = 0) -> Iterator[tuple[Product, bool, Variable]]:
    """The terms of a factor's gradient: numbers times a core, and whether the core is transposed, with the term itself.

    Of the gradient only one triangle counts: ``Triangle`` of that one is looked through.
    """
    node = v.owner
    name = node.op.scalar_op.kind if node is not None and isinstance(node.op, Elemwise) else None
    if node is not None and depth < 40 and name in ("add", "sub"):
        for w in node.inputs:
            if w.type != v.type:
                yield Product(v), flip, v
                return
        for place, w in enumerate(node.inputs):
            for product, turned_, term in _terms(w, lower, flip, depth + 1):
                if name == "sub" and place:
                    product.negative = not product.negative
                    term = neg(term)
                yield product, turned_, term
        return
    yield Product(v), flip, v


def _opened(product: Product, flip: bool, lower: bool) -> bool:
    """Look through transposes and triangles of the one tensor of a product; return whether it is transposed then."""
    while len(product.above) == 1 and not product.below:
        core = product.above[0]
        node = core.owner
        if node is None:
            break
        inner = transposed(core)
        if inner is not None:
            flip = not flip
        elif isinstance(node.op, Triangle) and node.op.k == 0 and node.op.lower == (lower != flip):
            inner = node.inputs[0]
        else:
            break
        product.above.clear()
        product.take(inner)
    return flip


def _halved(m: Any, lower: bool) -> Any:
    """One triangle, the diagonal halved: the gradient of the triangle that is read, of a symmetric ``m``."""
    n = m.shape[0]
    mask = (tri(n, n, 0, m.type.dtype) + tri(n, n, -1, m.type.dtype)) * np.asarray(0.5, m.type.dtype)
    return m * (mask if lower else mask.T)


@gradients_of_factors.node(CholeskyGrad, effect="rounding")
def gradient_of_factor(node: Apply) -> Any:
    """Of the diagonal's logarithms it is the inverse, of a solution's square a product of vectors, of others the formula."""
    _x, factor, g = node.inputs
    lower = node.op.lower  # type: ignore[attr-defined]
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    if any(v.type.dtype != dtype for v in node.inputs):  # type: ignore[attr-defined]
        return None
    rest: list[Variable] = []
    simple: Any = None
    for product, flip, term in _terms(g, lower):
        found = _of_diagonal(product, factor, dtype)
        if found is None:
            opened = Product(term)
            flipped = _opened(opened, flip, lower)
            found = _of_solution(opened, flipped, factor, lower, dtype)
        if found is None:
            rest.append(term)
        else:
            simple = found if simple is None else simple + found
    total: Any = None if simple is None else _halved(simple, lower)
    if rest:
        left: Any = rest[0]
        for v in rest[1:]:
            left = left + v
        whole = node.op.expression(factor, left)  # type: ignore[attr-defined]
        total = whole if total is None else total + whole
    return total


def _of_diagonal(product: Product, factor: Variable, dtype: str) -> Any:
    """c / diag(L) on the diagonal: c A^-1 for the symmetric part."""
    if len(product.above) != 1 or product.below:
        return None
    node = made_by(product.above[0], DiagonalGrad)
    if node is None or node.op.offset != 0:  # type: ignore[attr-defined]
        return None
    inner = Product(node.inputs[1])
    if inner.above or len(inner.below) != 1:
        return None
    taken = made_by(inner.below[0], ExtractDiag)
    if taken is None or taken.op.offset != 0 or taken.inputs[0] is not factor:  # type: ignore[attr-defined]
        return None
    maker: Any = made_by(factor, Cholesky)
    if maker is None:
        return None
    scale: Any = product.coefficient(dtype) * inner.coefficient(dtype)  # type: ignore[operator]
    return scale.dimshuffle("x", "x") * cholesky_inverse(factor, maker.op.lower)


def _of_solution(product: Product, flip: bool, factor: Variable, lower: bool, dtype: str) -> Any:
    """u x^T with L^T u a multiple of x: a multiple of w w^T with L^T w = x, for the symmetric part."""
    pair = outer_product(product)
    if pair is None:
        return None
    u, x = pair
    if flip:
        u, x = x, u
    if not lower:
        u, x = x, u  # the gradient of U is that of L, transposed
    multiple = Product(u)
    if multiple.below or len(multiple.above) != 1:
        return None
    made = made_by(multiple.above[0], Solve)
    if made is None or made.op.A_structure != "upper_triangular":  # type: ignore[attr-defined]
        return None
    upper = made.inputs[0]
    if (transposed(upper) if lower else upper) is not factor:
        return None
    right, other = Product(made.inputs[1]), Product(x)
    if right.below or other.below or len(right.above) != 1 or len(other.above) != 1:
        return None
    core = right.above[0]
    if core is not other.above[0] and not _same_solution(core, other.above[0]):
        return None
    scale: Any = product.coefficient(dtype)
    for p in (multiple, right, other):
        if not p.plain():
            scale = scale * p.coefficient(dtype)
    w: Any = solve_upper_triangular(upper, core)
    square = dot(w, w.T) if w.type.ndim == 2 else w.dimshuffle(0, "x") * w.dimshuffle("x", 0)
    return scale.dimshuffle("x", "x") * square


def _same_solution(a: Variable, b: Variable) -> bool:
    """Whether two nodes are equal though not yet one."""
    p, q = a.owner, b.owner
    return p is not None and q is not None and p.op == q.op and all(x is y for x, y in zip(p.inputs, q.inputs))


@gradients_of_factors.node(Solve, effect="rounding")
def solution_of_multiple(node: Apply) -> Any:
    """The solution of a multiple is the multiple of the solution: so that both are computed once."""
    A, b = node.inputs
    product = Product(b)
    if product.plain() or product.below or len(product.above) != 1 or product.above[0].type != b.type:
        return None
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    if b.type.dtype != dtype:  # type: ignore[attr-defined]
        return None
    scale: Any = product.coefficient(dtype)
    return scale.dimshuffle(*["x"] * b.type.ndim) * node.op(A, product.above[0])  # type: ignore[attr-defined]
