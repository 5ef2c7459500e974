"""Differentiation of graphs."""

from theon.autodiff.forward import Rop
from theon.autodiff.jacobian import (
    consider_constant,
    disconnected_grad,
    grad_clip,
    grad_scale,
    hessian,
    jacobian,
    undefined_grad,
    zero_grad,
)
from theon.autodiff.reverse import Lop, grad, grad_not_implemented, grad_undefined, subgraph_grad
from theon.graph.disconnected import DisconnectedType

disconnected_type = DisconnectedType()

__all__ = [
    "DisconnectedType",
    "Lop",
    "Rop",
    "consider_constant",
    "disconnected_grad",
    "disconnected_type",
    "grad",
    "grad_clip",
    "grad_not_implemented",
    "grad_scale",
    "grad_undefined",
    "hessian",
    "jacobian",
    "subgraph_grad",
    "undefined_grad",
    "zero_grad",
]
