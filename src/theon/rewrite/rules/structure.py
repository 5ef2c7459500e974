"""What is known of the structure of a matrix: transposes, triangles, known factors, positive definite, symmetric."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.decompose import Cholesky, CholeskyInverse
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot
from theon.ops.hints import is_psd
from theon.ops.hints import is_symmetric as said_symmetric
from theon.ops.linalg import MatrixInverse, Triangle
from theon.rewrite.rules.stabilize import is_number, made_by

__all__ = ["TURN", "factor_of", "is_positive_definite", "is_symmetric", "transposed", "triangle_of", "turned"]

TURN = (1, 0)


def transposed(x: Variable) -> Variable | None:
    """The matrix whose transpose ``x`` is."""
    node = made_by(x, DimShuffle)
    return node.inputs[0] if node is not None and node.op.new_order == TURN else None  # type: ignore[attr-defined]


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


def _is_complex(x: Variable) -> bool:
    return x.type.dtype.startswith("complex")  # type: ignore[attr-defined, no-any-return]


def factor_of(x: Variable) -> tuple[Variable, bool] | None:
    """A triangular factor F of a positive definite ``x``, and whether it is the lower one: x = F F^T, or F^T F.

    Known where ``x`` is such a product of a Cholesky factor.
    """
    node = made_by(x, Dot)
    if node is None or _is_complex(x) or any(v.type.ndim != 2 for v in node.inputs):  # type: ignore[attr-defined]
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
    if _is_complex(x):  # rules have transposes, not conjugate ones
        return False
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
    if _is_complex(x):
        return False
    if said_symmetric(x) or is_positive_definite(x):
        return True
    node = made_by(x, Dot)
    if node is not None:
        a, b = node.inputs
        return transposed(a) is b or transposed(b) is a
    node = made_by(x, MatrixInverse)
    return node is not None and is_symmetric(node.inputs[0])
