"""Equality of arrays up to rounding."""

from __future__ import annotations

from typing import Any

from theon.ops.arith import abs_
from theon.ops.bits import and_, or_
from theon.ops.compare import eq, isinf, isnan, le
from theon.ops.reduce import all as all_
from theon.tensor.constant import as_tensor_variable

__all__ = ["allclose", "isclose"]


def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Return, for each pair of elements, whether ``|a - b| <= atol + rtol |b|``; a bool array of the broadcast shape.

    Equal infinities are close, NaN is close to nothing, or, with ``equal_nan``, to NaN.
    """
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if all(v.type.dtype.startswith(("int", "uint", "bool")) for v in (a, b)):
        # In their own dtype differences of integers overflow.
        a, b = a.astype("float64"), b.astype("float64")
    near = le(abs_(a - b), atol + rtol * abs_(b))
    # |inf - x| <= inf would hold for every x: infinities are close only where they are equal.
    endless = or_(isinf(a), isinf(b))
    near = or_(and_(near, ~endless), and_(endless, eq(a, b)))
    return or_(near, and_(isnan(a), isnan(b))) if equal_nan else near


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Return whether all pairs of elements are close, as :func:`isclose` says; a bool without dimensions."""
    return all_(isclose(a, b, rtol, atol, equal_nan))
