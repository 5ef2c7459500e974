"""Products with Jacobians and Hessians that are never written out: ``jvp``, ``vjp``, ``hvp``."""

from __future__ import annotations

from typing import Any

from theon.autodiff.forward import Rop
from theon.autodiff.reverse import format_as, grad
from theon.graph.variable import Variable
from theon.tensor.constant import as_tensor_variable

__all__ = ["hvp", "jvp", "vjp"]


def _listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, list | tuple) else [x]


def _expressions(outputs: Any, wrt: Any) -> Any:
    """``outputs``, or what it makes of the variables where it is a function."""
    return outputs(*_listed(wrt)) if callable(outputs) and not isinstance(outputs, Variable) else outputs


def jvp(outputs: Any, wrt: Any, tangents: Any) -> Any:
    """Return the Jacobian of ``outputs`` with respect to ``wrt``, times ``tangents``: one for each output, of its shape.

    ``outputs``: a variable, several, or a function of ``wrt``. Forward mode; where an op has no forward derivative, by two
    reverse passes. ValueError where numbers or ranks do not fit.

    >>> import theon.tensor as T, theon.ops.methods
    >>> x, v = T.dvector("x"), T.dvector("v")
    >>> jvp(x ** 2, x, v).type
    TensorType(float64, vector)
    """
    outputs = _expressions(outputs, wrt)
    return Rop(outputs, wrt, tangents, disconnected_outputs="ignore")


def vjp(outputs: Any, wrt: Any, cotangents: Any) -> Any:
    """Return ``cotangents``, one for each output, times the Jacobian of ``outputs``: one result for each of ``wrt``.

    ``outputs``: a variable, several, or a function of ``wrt``. Zeros for what the outputs do not depend on. ValueError where the
    numbers do not fit.
    """
    outputs = _listed(_expressions(outputs, wrt))
    given = _listed(cotangents)
    if len(outputs) != len(given):
        raise ValueError(f"vjp: {len(outputs)} outputs, {len(given)} cotangents")
    cost: Any = None
    known: dict[Any, Any] = {}
    for v, c in zip(outputs, given):
        c = as_tensor_variable(c)
        if c.type.ndim != v.type.ndim:
            raise ValueError(f"vjp: a cotangent of {c.type} for an output of {v.type}")
        known[v] = known[v] + c if v in known else c
    found = grad(cost, _listed(wrt), known_grads=known, disconnected_inputs="ignore")
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)


def hvp(cost: Any, wrt: Any, vectors: Any) -> Any:
    """Return the Hessian of the scalar ``cost`` times ``vectors``: one result for each of ``wrt``, of its shape.

    ``cost``: a variable, or a function of ``wrt``. The forward derivative of the gradient; the cost of a few gradients.

    >>> import theon.tensor as T, theon.ops.methods
    >>> x, v = T.dvector("x"), T.dvector("v")
    >>> hvp((x ** 3).sum(), x, v).type
    TensorType(float64, vector)
    """
    cost = _expressions(cost, wrt)
    slopes = grad(cost, _listed(wrt), disconnected_inputs="ignore")
    found = jvp(slopes, _listed(wrt), _listed(vectors))
    return format_as(isinstance(wrt, list), isinstance(wrt, tuple), found)
