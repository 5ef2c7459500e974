"""Gradients of a cost by parameters, and limits on their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.autodiff.reverse import grad
from theon.dtypes import float_dtypes
from theon.graph.variable import Variable
from theon.ops.arith import clip, switch
from theon.ops.cast import cast
from theon.ops.compare import gt
from theon.ops.explog import sqrt
from theon.ops.reduce import sum as sum_
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import SharedVariable

__all__ = ["clip_by_norm", "clip_by_value", "gradients_of", "total_norm"]


def gradients_of(cost_or_grads: Any, params: Sequence[SharedVariable]) -> list[Any]:
    """Return the gradient of a cost by each parameter; a list of gradients, one for each parameter, is checked and returned.

    TypeError for parameters that are no shared variables of floats, ValueError for parameters named twice, a cost that is no
    scalar, or another number of gradients.
    """
    params = list(params)
    for p in params:
        if not isinstance(p, SharedVariable) or getattr(p.type, "dtype", None) not in float_dtypes:
            raise TypeError(
                f"a parameter is a shared variable of floats, not {p!r} of type {getattr(p, 'type', type(p))}"
            )
    if len(set(params)) != len(params):
        twice = next(p for p in params if params.count(p) > 1)
        raise ValueError(f"the parameter {twice} is listed twice")
    if isinstance(cost_or_grads, list | tuple):
        if len(cost_or_grads) != len(params):
            raise ValueError(f"{len(cost_or_grads)} gradients were given for {len(params)} parameters")
        return [as_tensor_variable(g) for g in cost_or_grads]
    cost = as_tensor_variable(cost_or_grads)
    if cost.type.ndim:
        raise ValueError(f"a cost is a scalar, not {cost} of type {cost.type}: sum it, or take its mean")
    found = grad(cost, params)
    return list(found)


def total_norm(arrays: Sequence[Variable]) -> Any:
    """Return the square root of the sum of the squares of all elements of all arrays, a scalar."""
    parts = [sum_(as_tensor_variable(g) ** 2) for g in arrays]
    if not parts:
        raise ValueError("the norm of no arrays is not defined")
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return sqrt(total)


def clip_by_norm(grads: Sequence[Variable], max_norm: Any) -> list[Any]:
    """Return the gradients, all scaled by one factor where their :func:`total_norm` is larger than ``max_norm``, so that it is that.

    Directions are kept (Pascanu et al. 2013). dtypes are kept too.
    """
    norm = total_norm(grads)
    limit = cast(as_tensor_variable(max_norm), norm.type.dtype)
    factor = switch(gt(norm, limit), limit / norm, 1).astype(norm.type.dtype)
    return [g * cast(factor, g.type.dtype) for g in map(as_tensor_variable, grads)]


def clip_by_value(grads: Sequence[Variable], low: Any, high: Any) -> list[Any]:
    """Return the gradients with each element between ``low`` and ``high``. dtypes are kept."""
    found = []
    for g in map(as_tensor_variable, grads):
        least, most = (cast(as_tensor_variable(v), g.type.dtype) for v in (low, high))
        found.append(clip(g, least, most))
    return found
