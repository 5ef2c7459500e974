"""Ops that are a name for an expression: written once as a formula of other ops, put in their place when compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply
from theon.ops.declare import TensorOp

__all__ = ["Expressed"]


class Expressed(TensorOp):
    """An op with one output that means an expression of its inputs.

    A subclass defines ``expression`` and, for modes that do not rewrite, ``reference``. Type, gradient and shape follow from
    the expression.
    """

    __props__: tuple[str, ...] = ()

    def expression(self, *inputs: Any) -> Any:
        """Return the expression of these variables."""
        raise TypeError(f"{type(self).__name__} has no expression")

    def expanded(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs as expressions."""
        return [self.expression(*inputs)]

    def infer(self, *inputs: Any) -> Any:
        """The type of the expression."""
        return self.expression(*inputs).type

    def L_op(self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient of the expression."""
        from theon.autodiff.reverse import grad

        out = self.expression(*inputs)
        return grad(  # type: ignore[no-any-return]
            None,
            list(inputs),
            known_grads={out: output_grads[0]},
            disconnected_inputs="ignore",
            return_disconnected="disconnected",
        )

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The forward derivative of the expression."""
        from theon.autodiff.forward import Rop

        given = [(x, p) for x, p in zip(inputs, eval_points) if p is not None]
        if not given:
            return [None]
        return [Rop(self.expression(*inputs), [x for x, _ in given], [p for _, p in given])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes of the expression."""
        from theon.ops.shape import shape_i

        out = self.expression(*node.inputs)
        return [tuple(shape_i(out, d) for d in range(out.type.ndim))]
