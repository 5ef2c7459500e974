"""What users know of a matrix and rules cannot see: ``psd`` and the op that says it."""

from __future__ import annotations

from typing import Any

from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.dot import dot
from theon.ops.fill import trace
from theon.tensor.constant import as_tensor_variable

__all__ = ["Hint", "hints", "is_hint_node", "is_positive", "is_psd", "is_symmetric", "psd", "spectral_radius_bound"]


class Hint(Op):
    """The identity, with facts about the value for the rules of linear algebra: ``Hint(psd=True)(x)``. Removed once these have run.

    Known facts: ``psd`` (positive definite), ``symmetric``, ``positive``.
    """

    __module__ = "theano.sandbox.linalg.ops"
    __props__ = ("hints",)
    view_map = {0: [0]}

    def __init__(self, **kwargs: Any) -> None:
        self.hints = tuple(sorted(kwargs.items()))

    def make_node(self, *inputs: Any) -> Apply:
        """The type does not change."""
        x = as_tensor_variable(inputs[0])
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """The value itself."""
        output_storage[0][0] = inputs[0]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient itself."""
        return list(output_grads)

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The evaluation point."""
        return list(eval_points)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """That of the value."""
        return list(shapes)


def is_hint_node(node: Apply) -> bool:
    """Return whether ``node`` only says something about its input."""
    return isinstance(node.op, Hint)


def hints(variable: Variable) -> dict[str, Any]:
    """Return what was said about ``variable``, by the hints it went through; a transpose is as symmetric as the matrix."""
    found: dict[str, Any] = {}
    while variable.owner is not None:
        op: Any = variable.owner.op
        if isinstance(op, Hint):
            found = dict(op.hints) | found
        elif getattr(op, "new_order", None) != (1, 0):
            break
        variable = variable.owner.inputs[0]
    return found


def psd(v: Any) -> Any:
    """Return ``v``, known to be symmetric and positive definite: solved with, inverted and measured by its Cholesky factor."""
    return Hint(psd=True, symmetric=True)(v)


def is_psd(v: Variable) -> bool:
    """Return whether ``v`` was said to be positive definite."""
    return bool(hints(v).get("psd", False))


def is_symmetric(v: Variable) -> bool:
    """Return whether ``v`` was said to be symmetric."""
    return bool(hints(v).get("symmetric", False))


def is_positive(v: Variable) -> bool:
    """Return whether ``v`` was said to have no negative elements, or is |x|, a square or an exponential."""
    if hints(v).get("positive", False):
        return True
    scalar_op = getattr(v.owner.op, "scalar_op", None) if v.owner is not None else None
    return scalar_op is not None and scalar_op.kind in ("abs_", "sqr", "exp", "sqrt")


def spectral_radius_bound(X: Any, log2_exponent: int) -> Any:
    """Return an upper bound of the largest absolute eigenvalue of the symmetric matrix ``X``: trace(X^n)^(1/n), n = 2**log2_exponent.

    TypeError for what is no matrix or no integer, ValueError for an exponent that is not positive.
    """
    X = as_tensor_variable(X)
    if X.type.ndim != 2:
        raise TypeError("spectral_radius_bound requires a matrix argument", X)
    if not isinstance(log2_exponent, int):
        raise TypeError("spectral_radius_bound requires a integer exponent", log2_exponent)
    if log2_exponent <= 0:
        raise ValueError("spectral_radius_bound requires a strictly positive exponent", log2_exponent)
    power = X
    for _ in range(log2_exponent):
        power = dot(power, power)
    return trace(power) ** (2.0**-log2_exponent)
