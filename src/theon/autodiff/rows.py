"""Rows of derivatives whose number is only known at run time: one compiled gradient, run for each element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.autodiff.reverse import grad
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.traverse import clone_replace
from theon.graph.traverse import inputs as inputs_of
from theon.graph.variable import Apply, Constant, Variable
from theon.tensor.type import TensorType

__all__ = ["Rows", "rows"]


class Rows(Op):
    """``expression`` for index = 0 ... n - 1, stacked first. Inputs: n, then ``arguments`` (what ``expression`` depends on).

    ``index`` and ``arguments`` are the inputs of the inner graph.
    """

    __module__ = "theon.autodiff.rows"

    def __init__(self, index: Variable, arguments: Sequence[Variable], expression: Any) -> None:
        self.index, self.arguments, self.expression = index, list(arguments), expression
        self.compiled: Any = None

    def __str__(self) -> str:
        return f"Rows{{{self.expression}}}"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "compiled": None}

    def make_node(self, *inputs: Any) -> Apply:
        """One dimension more than the expression."""
        type_ = self.expression.type
        return Apply(self, list(inputs), [TensorType(type_.dtype, (False, *type_.broadcastable))()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Run the compiled expression for each row."""
        if self.compiled is None:
            from theon.compile.function import function

            self.compiled = function([self.index, *self.arguments], self.expression, on_unused_input="ignore")
        n, *values = inputs
        found = [self.compiled(i, *values) for i in range(int(n))]
        out = node.outputs[0].type
        if found:
            output_storage[0][0] = np.stack(found).astype(out.dtype, copy=False)  # type: ignore[attr-defined]
        else:
            output_storage[0][0] = np.zeros((0,) * out.ndim, out.dtype)  # type: ignore[attr-defined]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The number of rows does not move smoothly."""
        return [[False]] + [[True]] * len(self.arguments)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The sum over rows of each row's gradient, by the same op."""
        n, *values = inputs
        (g,) = output_grads
        whole = g.type()
        found: list[Any] = [DisconnectedType()()]
        for argument in self.arguments:
            slope = grad(
                None,
                argument,
                known_grads={self.expression: whole[self.index]},
                disconnected_inputs="ignore",
                return_disconnected="disconnected",
            )
            if isinstance(slope.type, DisconnectedType):
                found.append(slope)
                continue
            found.append(Rows(self.index, [*self.arguments, whole], slope)(n, *values, g).sum(axis=0))
        return found


def rows(index: Variable, n: Any, expression: Variable) -> Any:
    """Return ``expression`` for each value of ``index`` from 0 to n - 1, stacked."""
    leaves = [v for v in inputs_of([expression]) if not isinstance(v, Constant) and v is not index]
    fresh = [v.type() for v in leaves]
    (inner,) = clone_replace([expression], dict(zip(leaves, fresh)))
    return Rows(index, fresh, inner)(n, *leaves)
