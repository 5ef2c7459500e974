"""Ops that check: assertions, and printing while a function runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.declare import TensorOp
from theon.tensor.constant import as_tensor_variable

__all__ = ["Assert", "Print", "Raise", "assert_", "assert_op"]


class Assert(TensorOp):
    """The first input, after all others were found true; else AssertionError with ``msg``."""

    __module__ = "theano.tensor.opt"
    __props__ = ("msg",)
    view_map = {0: [0]}

    def __init__(self, msg: str = "Theano Assert failed!") -> None:
        self.msg = msg

    def __str__(self) -> str:
        return f"Assert{{msg={self.msg!r}}}"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """The value and scalar conditions."""
        found = [x if isinstance(x, Variable) else as_tensor_variable(x) for x in inputs]
        for condition in found[1:]:
            if condition.type.ndim:  # type: ignore[attr-defined]
                raise TypeError(f"Assert conditions must be scalars, not {condition.type}")
        return found

    def infer(self, value: Any, *conditions: Any) -> Any:
        """The value's type."""
        return value.type

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Check."""
        if not all(bool(np.all(c)) for c in inputs[1:]):
            raise AssertionError(self.msg)
        output_storage[0][0] = inputs[0]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the value matters."""
        return [[True]] + [[False]] * (len(node.inputs) - 1)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient itself."""
        return [output_grads[0], *(DisconnectedType()() for _ in inputs[1:])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The value's shape."""
        return [shapes[0]]


assert_ = assert_op = Assert()


def _print_value(op: Any, value: Any) -> None:
    print(op.message, end=" ")
    for attribute in op.attrs:
        found = getattr(value, attribute)
        print(attribute, "=", found() if callable(found) else found)


class Print(Op):
    """The input, printed with a message each time the function runs."""

    __module__ = "theano.printing"
    __props__ = ("message", "attrs", "global_fn")
    view_map = {0: [0]}

    def __init__(
        self, message: str = "", attrs: Sequence[str] = ("__str__",), global_fn: Callable[..., None] = _print_value
    ) -> None:
        self.message, self.attrs, self.global_fn = message, tuple(attrs), global_fn

    def make_node(self, *inputs: Any) -> Apply:
        """The type does not change."""
        x = as_tensor_variable(inputs[0]) if not isinstance(inputs[0], Variable) else inputs[0]
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Print."""
        output_storage[0][0] = inputs[0]
        self.global_fn(self, inputs[0])

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient itself."""
        return list(output_grads)

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The evaluation point."""
        return list(eval_points)

    def do_constant_folding(self, node: Apply) -> bool:
        """No: printing is the purpose."""
        return False

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's shape."""
        return list(shapes)


class Raise(Op):
    """Its input, whose computation raises ``exc(msg)``: for branches that must not be taken."""

    __module__ = "theano.raise_op"
    __props__ = ("msg", "exc")
    view_map = {0: [0]}

    def __init__(self, msg: str = "", exc: type[BaseException] = NotImplementedError) -> None:
        self.msg, self.exc = msg, exc

    def __str__(self) -> str:
        return f"Raise{{{self.exc.__name__}({self.msg!r})}}"

    def make_node(self, x: Any) -> Apply:
        """The type does not change."""
        x = x if isinstance(x, Variable) else as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Raise."""
        raise self.exc(self.msg)

    def do_constant_folding(self, node: Apply) -> bool:
        """Never: the error belongs to the call."""
        return False

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's shape."""
        return list(shapes)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient itself; it needs the value, which raises."""
        return list(output_grads)
