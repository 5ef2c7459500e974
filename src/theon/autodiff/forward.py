"""Forward-mode differentiation: ``Rop``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import theon.ops.methods  # noqa: F401
from theon.autodiff.reverse import SLOPES, format_as, grad
from theon.dtypes import continuous_dtypes, float_dtypes
from theon.errors import MethodNotDefined, NullTypeGradError, message
from theon.graph.disconnected import DisconnectedType
from theon.graph.traverse import ancestors, io_toposort
from theon.graph.type import NullType
from theon.graph.variable import Apply, Variable
from theon.ops.declare import zeros_for
from theon.ops.fill import zeros_like
from theon.ops.reduce import sum as sum_of
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["Rop"]


def _pushed(node: Apply, points: Sequence[Any]) -> Sequence[Any]:
    """The tangents of a node's outputs, of those of its inputs: by the op's ``R_op``, or else by its ``L_op`` twice."""
    try:
        return node.op.R_op(list(node.inputs), list(points))
    except (MethodNotDefined, NotImplementedError):
        return _by_reverse_mode(node, points)


def _by_reverse_mode(node: Apply, points: Sequence[Any]) -> list[Any]:
    """The product of the Jacobian with ``points`` as the gradient, by u, of the product of u and the Jacobian with ``points``.

    L_op is linear in the outputs' gradients u, whatever the op; so its derivative by u is the Jacobian, transposed back, and
    does not depend on u: zeros of the outputs' sizes.
    """
    smooth = [v for v in node.outputs if isinstance(v.type, TensorType) and v.type.dtype in continuous_dtypes]
    duals = {v: zeros_like(v) for v in smooth}
    given = [duals[v] if v in duals else DisconnectedType()() for v in node.outputs]
    total = None
    for x, g, t in zip(node.inputs, node.op.L_op(list(node.inputs), list(node.outputs), given), points):
        if t is None or g is None or isinstance(g.type, DisconnectedType):
            continue
        if isinstance(g.type, NullType):
            raise NullTypeGradError(message(f"the derivative of {node.op} is not defined: {g.type.why_null}", [x]))
        term = sum_of(g * t)
        total = term if total is None else total + term
    if total is None:
        return [None] * len(node.outputs)
    found = grad(total, [duals[v] for v in smooth], disconnected_inputs="ignore", return_disconnected="None")
    pushed = dict(zip(smooth, found))
    return [pushed.get(v) for v in node.outputs]


def _of_dtype(t: Any, output: Any) -> Any:
    """A tangent with the dtype of what it is the tangent of, where both are floats: steps and joins take no other."""
    if not isinstance(t.type, TensorType) or not isinstance(output.type, TensorType):
        return t
    given, wanted = t.type.dtype, output.type.dtype
    return t.astype(wanted) if given != wanted and given in float_dtypes and wanted in float_dtypes else t


def _is_constant_slope(output: Variable, targets: Sequence[Variable]) -> bool:
    """Whether a variable is the gradient of a cost that depends on ``targets``, if not in a way that it shows: by linear terms."""
    known = SLOPES.get(output)
    cost = known() if known is not None else None
    return cost is not None and not set(targets).isdisjoint(ancestors([cost]))


def Rop(
    f: Any, wrt: Any, eval_points: Any, disconnected_outputs: str = "raise", return_disconnected: str = "zero"
) -> Any:
    """Return the Jacobian of ``f`` with respect to ``wrt`` times ``eval_points``.

    ValueError where numbers, ranks or dtypes do not fit, or where ``f`` does not depend on ``wrt`` (unless
    ``disconnected_outputs="ignore"``). The gradient of a cost that depends on ``wrt`` linearly gives zeros.
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
        for output, t in zip(node.outputs, _pushed(node, given)):
            if t is not None and not isinstance(getattr(t, "type", None), DisconnectedType):
                tangents[output] = _of_dtype(t, output)
    found = []
    for output in outputs:
        t = tangents.get(output)
        if t is None:
            if disconnected_outputs == "raise" and not _is_constant_slope(output, targets):
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
