"""Ops on values of any type that return their input: as it is, or a copy."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from theon.graph.op import Op, as_variable
from theon.graph.variable import Apply, Variable

__all__ = ["DeepCopyOp", "OutputGuard", "ViewOp", "deep_copy_op", "view_op"]


class ViewOp(Op):
    """Its input itself, whose memory it shares; the gradient goes through."""

    __module__ = "theano.compile.ops"
    __props__: tuple[str, ...] = ()
    view_map = {0: [0]}

    def make_node(self, *inputs: Any) -> Apply:
        """The type does not change."""
        x = as_variable(inputs[0])
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """The input itself."""
        output_storage[0][0] = inputs[0]

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> list[Any]:
        """The output's gradient."""
        return list(output_grads)

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> list[Any]:
        """The evaluation point."""
        return list(eval_points)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The input's shape."""
        return list(shapes)


class OutputGuard(ViewOp):
    """A :class:`ViewOp` that says it overwrites its input, so that nothing that comes after overwrites it."""

    __module__ = "theano.compile.ops"

    destroy_map = {0: [0]}
    view_map = {}


class DeepCopyOp(Op):
    """A copy of its input that shares no memory with it; an error for gradients."""

    __module__ = "theano.compile.ops"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """The type does not change."""
        x = as_variable(inputs[0])
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Copy the value: arrays by their ``copy``, anything else deeply."""
        value = inputs[0]
        output_storage[0][0] = value.copy() if hasattr(value, "dtype") else copy.deepcopy(value)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The input's shape."""
        return list(shapes)


view_op = ViewOp()
deep_copy_op = DeepCopyOp()
