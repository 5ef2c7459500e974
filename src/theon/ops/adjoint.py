"""Complex matrices in gradients: the gradient by a complex number is that by its real part plus i times that by its imaginary one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from theon.dtypes import complex_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.ops.arith import conjugate
from theon.ops.complex import real

__all__ = ["adjoint", "analytic", "is_complex", "of_kind"]

Gradient = Callable[[Any, Any, Any, Any], list[Any]]


def is_complex(x: Any) -> bool:
    """Whether a variable holds complex numbers."""
    return x.type.dtype in complex_dtypes


def adjoint(x: Any) -> Any:
    """Return the conjugate transpose of a matrix; the transpose of a real one."""
    return conjugate(x).T


def of_kind(g: Any, x: Any) -> Any:
    """Return the gradient ``g`` of ``x``, whose imaginary part a real variable does not have."""
    if isinstance(g.type, DisconnectedType) or is_complex(x) or not hasattr(g.type, "dtype") or not is_complex(g):
        return g
    return real(g)


def analytic(L_op: Gradient) -> Gradient:
    """Write the gradient of a function with a complex derivative as if all numbers were real: conjugates are put around it."""

    @functools.wraps(L_op)
    def wrapped(self: Any, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        if not any(map(is_complex, (*inputs, *outputs))):
            return L_op(self, inputs, outputs, output_grads)
        turned = [g if isinstance(g.type, DisconnectedType) else conjugate(g) for g in output_grads]
        found = L_op(self, inputs, outputs, turned)
        return [
            g if isinstance(g.type, DisconnectedType) or not hasattr(g.type, "dtype") else of_kind(conjugate(g), x)
            for g, x in zip(found, inputs)
        ]

    return wrapped
