"""Rules that know the structure of matrices: triangular, positive definite, products, inverses, determinants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import minimum, neg, switch
from theon.ops.compare import eq, lt, neq
from theon.ops.declare import Elemwise
from theon.ops.decompose import Cholesky, CholeskyGrad, CholeskyInverse, cholesky, cholesky_inverse
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot, dot
from theon.ops.explog import log
from theon.ops.factors import LUFactors, LUInverse, LUSolve
from theon.ops.fill import Alloc, DiagonalGrad, ExtractDiag, Eye, arange, diagonal, eye, tri
from theon.ops.hints import Hint, is_psd
from theon.ops.hints import is_symmetric as said_symmetric
from theon.ops.linalg import Det, MatrixInverse, SLogDet, Triangle, slogdet
from theon.ops.reduce import Prod, SumLike
from theon.ops.solve import Solve, cho_solve, solve, solve_lower_triangular, solve_upper_triangular
from theon.rewrite.rule import Rules
from theon.rewrite.rules.stabilize import is_number, made_by
from theon.tensor.constant import as_tensor_variable

__all__ = ["factors", "gradients_of_factors", "linear"]

gradients_of_factors = Rules("linear_gradients")
linear = Rules("linear")
factors = Rules("linear_factors")

_TURN = (1, 0)


# --- what is known of a matrix ----------------------------------------------------------------------------------------


def transposed(x: Variable) -> Variable | None:
    """The matrix whose transpose ``x`` is."""
    node = made_by(x, DimShuffle)
    return node.inputs[0] if node is not None and node.op.new_order == _TURN else None  # type: ignore[attr-defined]


def turned(x: Variable) -> Variable:
    """The transpose, of a transpose the matrix itself."""
    inner = transposed(x)
    return x.T if inner is None else inner  # type: ignore[attr-defined, no-any-return]


def triangle_of(x: Variable) -> str | None:
    """``"lower"`` or ``"upper"`` where all elements on one side of the diagonal are known to be zero."""
    flip = False
    while (inner := transposed(x)) is not None:
        x, flip = inner, not flip
    node = x.owner
    if node is None:
        return None
    op: Any = node.op
    if isinstance(op, Cholesky) or (isinstance(op, Triangle) and op.k == 0):
        lower = op.lower
    elif isinstance(op, Triangle) and (op.k < 0) == op.lower:
        lower = op.lower
    elif isinstance(op, MatrixInverse):
        inner_kind = triangle_of(node.inputs[0])
        if inner_kind is None:
            return None
        lower = inner_kind == "lower"
    else:
        return _masked(node, flip)
    return "lower" if lower != flip else "upper"


def _masked(node: Apply, flip: bool) -> str | None:
    """A product with the ones of ``tri``: what ``tril`` and ``triu`` make."""
    if not (isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "mul"):
        return None
    for v in node.inputs:
        mask = _mask(v)
        if mask is not None:
            return "lower" if (mask == "lower") != flip else "upper"
    return None


def _mask(v: Variable) -> str | None:
    """What a matrix of ones and zeros keeps: ``tri(n, m, k)`` with k <= 0, or 1 - ``tri(n, m, k)`` with k >= -1."""
    cast = v.owner
    if cast is None or not isinstance(cast.op, Elemwise):
        return None
    if cast.op.scalar_op.kind == "sub" and is_number(cast.inputs[0], 1):
        k = _tri(cast.inputs[1])
        return "upper" if k is not None and k >= -1 else None
    k = _tri(v)
    return "lower" if k is not None and k <= 0 else None


def _tri(v: Variable) -> int | None:
    """k of ``tri(n, m, k)``."""
    cast = v.owner
    if cast is not None and isinstance(cast.op, Elemwise) and cast.op.scalar_op.kind.startswith("Cast{"):
        v = cast.inputs[0]
    node = made_by(v, "ge")
    if node is None:
        return None
    rows, columns = node.inputs
    k = 0
    moved = made_by(rows, "add")
    if moved is not None and len(moved.inputs) == 2:
        shift = [w for w in moved.inputs if isinstance(w, Constant) and w.data.size == 1]
        if len(shift) != 1:
            return None
        k = int(shift[0].data.item())
        (rows,) = (w for w in moved.inputs if w is not shift[0])
    orders = []
    for w in (rows, columns):
        spread = made_by(w, DimShuffle)
        if spread is None or type(spread.inputs[0].owner and spread.inputs[0].owner.op).__name__ != "ARange":
            return None
        start, _, step = spread.inputs[0].owner.inputs  # type: ignore[union-attr]
        if not (is_number(start, 0) and is_number(step, 1)):
            return None
        orders.append(spread.op.new_order)  # type: ignore[attr-defined]
    return k if orders == [(0, "x"), ("x", 0)] else None


def factor_of(x: Variable) -> tuple[Variable, bool] | None:
    """A triangular factor F of a positive definite ``x``, and whether it is the lower one: x = F F^T, or F^T F.

    Known where ``x`` is such a product of a Cholesky factor.
    """
    node = made_by(x, Dot)
    if node is None or any(v.type.ndim != 2 for v in node.inputs):  # type: ignore[attr-defined]
        return None
    a, b = node.inputs
    if transposed(b) is a:
        found, lower = a, True
    elif transposed(a) is b:
        found, lower = b, False
    else:
        return None
    maker = made_by(found, Cholesky)
    return (found, lower) if maker is not None and maker.op.lower == lower else None  # type: ignore[attr-defined]


def is_positive_definite(x: Variable) -> bool:
    """Whether the user said so (``psd``), or the matrix is a product of a factor and its transpose, or the inverse of such a one."""
    inner = transposed(x)
    if inner is not None:
        return is_positive_definite(inner)
    node = x.owner
    if node is None:
        return False
    if isinstance(node.op, MatrixInverse):
        return is_positive_definite(node.inputs[0])
    return is_psd(x) or factor_of(x) is not None or isinstance(node.op, CholeskyInverse)


def is_symmetric(x: Variable) -> bool:
    """Whether the matrix is its own transpose."""
    if said_symmetric(x) or is_positive_definite(x):
        return True
    node = made_by(x, Dot)
    if node is not None:
        a, b = node.inputs
        return transposed(a) is b or transposed(b) is a
    node = made_by(x, MatrixInverse)
    return node is not None and is_symmetric(node.inputs[0])


# --- products of numbers and tensors ----------------------------------------------------------------------------------


class _Product:
    """A variable as numbers times tensors, over numbers and tensors."""

    def __init__(self, v: Variable) -> None:
        self.numbers: list[tuple[Variable, bool]] = []  # 0-d, and whether below the line
        self.above: list[Variable] = []
        self.below: list[Variable] = []
        self.negative = False
        self._take(v, False, 0)

    def _take(self, v: Variable, below: bool, depth: int) -> None:
        number = _number(v)
        if number is not None:
            self.numbers.append((number, below))
            return
        node = v.owner
        name = node.op.scalar_op.kind if node is not None and isinstance(node.op, Elemwise) else None
        if node is not None and depth < 12:
            if name == "mul":
                for w in node.inputs:
                    self._take(w, below, depth + 1)
                return
            if name == "true_div":
                self._take(node.inputs[0], below, depth + 1)
                self._take(node.inputs[1], not below, depth + 1)
                return
            if name == "neg":
                self.negative = not self.negative
                self._take(node.inputs[0], below, depth + 1)
                return
            if name == "pow" and is_number(node.inputs[1], 1):
                self._take(node.inputs[0], below, depth + 1)
                return
            if isinstance(node.op, SumLike):
                # Nothing is summed where the gradient is made of the very tensor whose sizes it is to have.
                inner = _Product(node.inputs[0])
                if all(w is node.inputs[1] for w in (*inner.above, *inner.below)) and (inner.above or inner.below):
                    self._take(node.inputs[0], below, depth + 1)
                    return
        (self.below if below else self.above).append(v)

    def plain(self) -> bool:
        """Whether there are no numbers."""
        return not self.numbers and not self.negative

    def coefficient(self, dtype: str) -> Variable:
        """The product of the numbers."""
        total: Any = np.asarray(-1 if self.negative else 1, dtype)
        for number, below in self.numbers:
            total = total / number if below else total * number
        found = as_tensor_variable(total)
        return found if found.type.dtype == dtype else found.astype(dtype)  # type: ignore[no-any-return]


def _number(v: Variable) -> Variable | None:
    """The number that all elements of ``v`` are, as a 0-d variable."""
    for _ in range(8):
        if v.type.ndim == 0:  # type: ignore[attr-defined]
            return v
        node = v.owner
        if isinstance(v, Constant):
            data = np.asarray(v.data)
            if data.size == 1 or (0 < data.size <= 10_000 and (data == data.flat[0]).all()):
                return as_tensor_variable(data.flat[0])
            return None
        if node is None:
            return None
        if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "second":
            v = node.inputs[1]
        elif isinstance(node.op, Alloc):
            v = node.inputs[0]
        elif isinstance(node.op, DimShuffle) and all(v.type.broadcastable):  # type: ignore[attr-defined]
            v = node.inputs[0]
        elif isinstance(node.op, DimShuffle) and node.inputs[0].owner is not None:
            v = node.inputs[0]
        elif all(v.type.broadcastable):  # type: ignore[attr-defined]
            return v.dimshuffle()  # type: ignore[attr-defined, no-any-return]
        else:
            return None
    return None


# --- gradients of Cholesky factors ------------------------------------------------------------------------------------


def _terms(v: Variable, lower: bool, flip: bool = False, depth: int = 0) -> Iterator[tuple[_Product, bool, Variable]]:
    """The terms of a factor's gradient: numbers times a core, and whether the core is transposed, with the term itself.

    Of the gradient only one triangle counts: ``Triangle`` of that one is looked through.
    """
    node = v.owner
    name = node.op.scalar_op.kind if node is not None and isinstance(node.op, Elemwise) else None
    if node is not None and depth < 40 and name in ("add", "sub"):
        for w in node.inputs:
            if w.type != v.type:
                yield _Product(v), flip, v
                return
        for place, w in enumerate(node.inputs):
            for product, turned_, term in _terms(w, lower, flip, depth + 1):
                if name == "sub" and place:
                    product.negative = not product.negative
                    term = neg(term)
                yield product, turned_, term
        return
    yield _Product(v), flip, v


def _opened(product: _Product, flip: bool, lower: bool) -> bool:
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
        product._take(inner, False, 0)
    return flip


def _spread(v: Variable, order: tuple[Any, ...]) -> Variable | None:
    """The vector that is seen as a matrix of one column or one row, times numbers."""
    node = made_by(v, DimShuffle)
    if node is None or node.op.new_order != order or node.inputs[0].type.ndim != 1:  # type: ignore[attr-defined]
        return None
    return node.inputs[0]


def _vectors(product: _Product) -> tuple[Variable, Variable] | None:
    """u and x of a product that is u x^T, for vectors or matrices of few columns."""
    if product.below:
        return None
    if len(product.above) == 1:
        node = made_by(product.above[0], Dot)
        if node is None:
            return None
        u, v = _spread(node.inputs[0], (0, "x")), _spread(node.inputs[1], ("x", 0))
        if u is not None and v is not None:
            return u, v
        x = transposed(node.inputs[1])
        return None if x is None else (node.inputs[0], x)
    if len(product.above) != 2:
        return None
    found: dict[Any, Variable] = {}
    for v in product.above:
        node = made_by(v, DimShuffle)
        if node is None or node.inputs[0].type.ndim != 1:  # type: ignore[attr-defined]
            return None
        found[node.op.new_order] = node.inputs[0]  # type: ignore[attr-defined]
    if set(found) != {(0, "x"), ("x", 0)}:
        return None
    return found[0, "x"], found["x", 0]


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
            opened = _Product(term)
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


def _of_diagonal(product: _Product, factor: Variable, dtype: str) -> Any:
    """c / diag(L) on the diagonal: c A^-1 for the symmetric part."""
    if len(product.above) != 1 or product.below:
        return None
    node = made_by(product.above[0], DiagonalGrad)
    if node is None or node.op.offset != 0:  # type: ignore[attr-defined]
        return None
    inner = _Product(node.inputs[1])
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


def _of_solution(product: _Product, flip: bool, factor: Variable, lower: bool, dtype: str) -> Any:
    """u x^T with L^T u a multiple of x: a multiple of w w^T with L^T w = x, for the symmetric part."""
    pair = _vectors(product)
    if pair is None:
        return None
    u, x = pair
    if flip:
        u, x = x, u
    if not lower:
        u, x = x, u  # the gradient of U is that of L, transposed
    multiple = _Product(u)
    if multiple.below or len(multiple.above) != 1:
        return None
    made = made_by(multiple.above[0], Solve)
    if made is None or made.op.A_structure != "upper_triangular":  # type: ignore[attr-defined]
        return None
    upper = made.inputs[0]
    if (transposed(upper) if lower else upper) is not factor:
        return None
    right, other = _Product(made.inputs[1]), _Product(x)
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


# --- solving ----------------------------------------------------------------------------------------------------------


@gradients_of_factors.node(Solve, effect="rounding")
def solution_of_multiple(node: Apply) -> Any:
    """The solution of a multiple is the multiple of the solution: so that both are computed once."""
    A, b = node.inputs
    product = _Product(b)
    if product.plain() or product.below or len(product.above) != 1 or product.above[0].type != b.type:
        return None
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    if b.type.dtype != dtype:  # type: ignore[attr-defined]
        return None
    scale: Any = product.coefficient(dtype)
    return scale.dimshuffle(*["x"] * b.type.ndim) * node.op(A, product.above[0])  # type: ignore[attr-defined]


@linear.node(Solve, effect="rounding")
def solution_of_outer_product(node: Apply) -> Any:
    """A^-1 (u v^T) is (A^-1 u) v^T: one solution in place of many."""
    A, b = node.inputs
    dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
    product = _Product(b)
    pair = None if b.type.ndim == 1 else _vectors(product)  # type: ignore[attr-defined]
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
        product = _Product(side)
        pair = _vectors(product)
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
    if node.op.new_order != _TURN or not is_symmetric(node.inputs[0]):  # type: ignore[attr-defined]
        return None
    return node.inputs[0]


@linear.node("log", theano="local_log_pow", effect="rounding")
def log_of_even_power(node: Apply) -> Any:
    """log(x**n) is n log|x| for an even n: x**n may overflow."""
    made = made_by(node.inputs[0], "pow")
    square = made_by(node.inputs[0], "sqr")
    if square is not None:
        x, n = square.inputs[0], 2
    elif made is not None and isinstance(made.inputs[1], Constant) and made.inputs[1].data.size == 1:
        x, n = made.inputs[0], made.inputs[1].data.item()
        if n != int(n) or int(n) % 2 or not n:
            return None
    else:
        return None
    if x.type != node.outputs[0].type:
        return None
    return np.asarray(n, x.type.dtype) * log(abs(x))  # type: ignore[attr-defined, arg-type]


# --- one factorisation for all ----------------------------------------------------------------------------------------


def _uses_of(A: Variable, fgraph: FunctionGraph) -> int:
    """How many nodes factorise ``A`` or its transpose, or use its factors already."""
    found = 0
    for x in (A, *(node.outputs[0] for node, _ in _clients(A, fgraph) if getattr(node.op, "new_order", None) == _TURN)):
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
