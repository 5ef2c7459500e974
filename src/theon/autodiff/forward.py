"""Forward-mode differentiation: ``Rop``."""

from __future__ import annotations

from typing import Any

import theon.ops.methods  # noqa: F401
from theon.autodiff.reverse import format_as
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.traverse import io_toposort
from theon.graph.variable import Variable
from theon.ops.declare import zeros_for
from theon.tensor.constant import as_tensor_variable

__all__ = ["Rop"]


def Rop(
    f: Any, wrt: Any, eval_points: Any, disconnected_outputs: str = "raise", return_disconnected: str = "zero"
) -> Any:
    """Return the Jacobian of ``f`` with respect to ``wrt`` times ``eval_points``.

    ValueError where numbers, ranks or dtypes do not fit, or where ``f`` does not depend on ``wrt`` (unless
    ``disconnected_outputs="ignore"``).
    """
    using_list, using_tuple = isinstance(f, list), isinstance(f, tuple)
    outputs = list(f) if using_list or using_tuple else [f]
    targets = list(wrt) if isinstance(wrt, list | tuple) else [wrt]
    points = list(eval_points) if isinstance(eval_points, list | tuple) else [eval_points]
    if len(targets) != len(points):
        raise ValueError(f"Length mismatch: {len(targets)} variables, {len(points)} evaluation points")
    tangents: dict[Variable, Any] = {}
    for x, p in zip(targets, points):
        p = as_tensor_variable(p)
        if p.type.ndim != x.type.ndim:
            raise ValueError(
                message(f"Element has {p.type.ndim} dimensions, its evaluation point must have {x.type.ndim}", [x, p])
            )
        tangents[x] = p
    for node in io_toposort(targets, outputs):
        given = [tangents.get(v) for v in node.inputs]
        if all(g is None for g in given):
            continue
        for output, t in zip(node.outputs, node.op.R_op(list(node.inputs), given)):
            if t is not None and not isinstance(getattr(t, "type", None), DisconnectedType):
                tangents[output] = t
    found = []
    for output in outputs:
        t = tangents.get(output)
        if t is None:
            if disconnected_outputs == "raise":
                raise ValueError(message(f"Rop: the output {output} does not depend on the given variables", [output]))
            t = (
                zeros_for(output)
                if return_disconnected == "zero"
                else None
                if return_disconnected == "None"
                else DisconnectedType()()
            )
        found.append(t)
    return format_as(using_list, using_tuple, found)
