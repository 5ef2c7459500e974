"""The same numbers as another dtype, or as symbolic numbers instead of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.errors import message
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.arith import CASTS, identity
from theon.options import config
from theon.scalar.type import Scalar, get_scalar_type
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "cast",
]


def cast(x: Any, dtype: str) -> Any:
    """Return ``x`` cast to ``dtype`` ("floatX" allowed), itself where it has it. TypeError from complex to real."""
    from theon.options import config

    name = config.floatX if dtype == "floatX" else str(np.dtype(dtype))
    x = as_tensor_variable(x)
    if x.type.dtype == name:
        return x
    if x.type.dtype.startswith("complex") and not name.startswith("complex"):
        raise TypeError(f"Casting from complex to real is ambiguous: consider real(), imag(), angle() or abs() of {x}")
    return CASTS[name](x)


class TensorFromScalar(Op):
    """A symbolic number as an array without dimensions. A 0-d tensor is copied."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. TypeError for anything that is neither a scalar nor a 0-d tensor."""
        (x,) = inputs
        if not isinstance(x, Variable) or not isinstance(x.type, Scalar):
            x = as_tensor_variable(x)
            if x.type.ndim:
                raise TypeError(message(f"{self}: one number is wanted, not an array", [x]))
        return Apply(self, [x], [TensorType(x.type.dtype, ())()])  # type: ignore[attr-defined]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Copy."""
        output_storage[0][0] = np.array(inputs[0])

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient as a number; 0 for an integer."""
        return [_as_kind_of(inputs[0], output_grads[0])]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """No dimensions."""
        return [()]


class ScalarFromTensor(Op):
    """The element of a 0-d tensor as a symbolic number. TypeError for an array with dimensions."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        x = as_tensor_variable(inputs[0])
        if x.type.ndim:
            raise TypeError(message(f"{self}: an array without dimensions is wanted", [x]))
        return Apply(self, [x], [get_scalar_type(x.type.dtype)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Take the element."""
        output_storage[0][0] = np.asarray(inputs[0])[()]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient as an array; 0 for an integer."""
        return [_as_kind_of(inputs[0], output_grads[0])]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """No dimensions."""
        return [()]


def _as_kind_of(x: Any, g: Any) -> Any:
    """The gradient ``g`` as a scalar or a tensor, as ``x`` is one."""
    from theon.graph.disconnected import DisconnectedType

    if isinstance(g.type, DisconnectedType):
        return g
    if x.type.dtype in discrete_dtypes:
        return x.zeros_like(dtype=config.floatX)
    if isinstance(x.type, Scalar):
        return g if isinstance(g.type, Scalar) else scalar_from_tensor(g)
    return tensor_from_scalar(g) if isinstance(g.type, Scalar) else g


tensor_from_scalar = TensorFromScalar()
scalar_from_tensor = ScalarFromTensor()
tensor_copy = identity
