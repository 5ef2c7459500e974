"""An op that stops in the debugger."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.tensor.constant import as_tensor_variable

__all__ = ["PdbBreakpoint"]


class PdbBreakpoint(Op):
    """Stops in the debugger where the first input, a scalar, is not 0; passes the others on.

    >>> import theano, theano.tensor as T
    >>> x = T.dvector("x")
    >>> watched = PdbBreakpoint("large")(T.gt(x.max(), 100), x)
    >>> theano.function([x], watched * 2)([1.0, 2.0])
    array([2., 4.])
    """

    __module__ = "theano.tests.breakpoint"
    __props__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name
        self.view_map: dict[int, list[int]] = {}

    def make_node(self, condition: Any, *monitored_vars: Any) -> Apply:
        """Return the node. TypeError where the condition is no scalar."""
        condition = as_tensor_variable(condition)
        if condition.type.ndim:
            raise TypeError(f"the condition of a breakpoint is a scalar, not {condition.type}")
        values = [v if isinstance(v, Variable) else as_tensor_variable(v) for v in monitored_vars]
        op = type(self)(self.name)
        op.view_map = {i: [i + 1] for i in range(len(values))}
        return Apply(op, [condition, *values], [v.type() for v in values])

    def do_constant_folding(self, node: Apply) -> bool:
        """No: one wants to stop when the function runs."""
        return False

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Say what is watched and call the debugger, if the condition holds; pass the values on."""
        condition, *values = inputs
        if condition:
            import pdb

            print(
                f"\n-------------------------------------------------\nConditional breakpoint '{self.name}' activated",
                file=sys.stdout,
            )
            print("The monitored variables are stored, in order, in the list variable 'monitored'.", file=sys.stdout)
            monitored = list(values)
            pdb.set_trace()
            values = monitored
        for cell, value in zip(output_storage, values):
            cell[0] = value

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The values' shapes."""
        return list(shapes[1:])

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Each output depends on its value alone."""
        n = len(node.outputs)
        return [[False] * n, *([i == j for j in range(n)] for i in range(n))]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradients themselves."""
        return [DisconnectedType()(), *output_grads]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The evaluation points themselves."""
        return list(eval_points[1:])
