"""The largest and the smallest, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.errors import message
from theon.graph.variable import Apply
from theon.ops.arith import maximum, minimum
from theon.ops.compare import eq
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.reduce import UFUNCS, CAReduce, makeKeepDims, normal_axes, reduced
from theon.ops.shape import shape_i
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["Max", "MaxAndArgmax", "Min", "argmax", "argmin", "max", "max_and_argmax", "min", "ptp"]


class _Extreme(CAReduce):
    def reference(self, xp: Any, x: Any) -> Any:
        """Reduce; ValueError for nothing to choose from."""
        axes = normal_axes(self.axis, x.ndim)
        for d in axes:
            if x.shape[d] == 0:
                raise ValueError(
                    f"Input ({x}) has zero-size on axis {d}, but self.scalar_op ({self.scalar_name}) has no attribute 'identity'"
                )
        return getattr(xp, UFUNCS[self.scalar_op.declared])(x, axis=axes)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The gradient at every winner."""
        (x,), (g,) = inputs, output_grads
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        return [eq(self.spread(outputs[0], x), x) * self.spread(g, x)]


class Max(_Extreme):
    """Maximum over ``axis``; NaN wins. ValueError for nothing to choose from."""

    __module__ = "theano.tensor.elemwise"

    def __init__(self, axis: Any = None) -> None:
        super().__init__(maximum.scalar_op, axis)


class Min(_Extreme):
    """Minimum over ``axis``; NaN wins. ValueError for nothing to choose from."""

    __module__ = "theano.tensor.elemwise"

    def __init__(self, axis: Any = None) -> None:
        super().__init__(minimum.scalar_op, axis)


class MaxAndArgmax(TensorOp):
    """The maximum over ``axis`` and its first position (over several axes: in the flattened order)."""

    __module__ = "theano.tensor.basic"
    __props__ = ("axis",)

    def __init__(self, axis: Any) -> None:
        self.axis = tuple(int(a) for a in axis)

    def infer(self, x: Any) -> list[TensorType]:
        """The remaining dimensions, of the input's dtype and of int64."""
        kept = [n for d, n in enumerate(x.type.shape) if d not in self.axis]
        return [TensorType(x.type.dtype, shape=kept), TensorType("int64", shape=kept, name=None)]

    def make_node(self, *inputs: Any) -> Apply:
        """Name the outputs as Theano does."""
        node = super().make_node(*inputs)
        node.outputs[0].name, node.outputs[1].name = "max", "argmax"
        return node

    def reference(self, xp: Any, x: Any) -> Any:
        """Reduce; ValueError for nothing to choose from."""
        for d in self.axis:
            if x.shape[d] == 0:
                raise ValueError("attempt to get argmax of an empty sequence")
        kept = [d for d in range(x.ndim) if d not in self.axis]
        moved = xp.transpose(x, (*kept, *self.axis))
        flat = moved.reshape((*moved.shape[: len(kept)], int(np.prod([x.shape[d] for d in self.axis]))))
        return xp.max(flat, axis=-1), xp.argmax(flat, axis=-1)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The position is not differentiable, but it does depend on the input."""
        return [[True, True]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The gradient of the maximum at every winner; the position has none."""
        from theon.graph.disconnected import DisconnectedType

        (x,) = inputs
        g = output_grads[0]
        if isinstance(g.type, DisconnectedType) or x.type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        best = makeKeepDims(x, outputs[0], self.axis)
        return [eq(best, x) * makeKeepDims(x, g, self.axis)]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The evaluation point at the winner."""
        if eval_points[0] is None:
            return [None, None]
        if len(self.axis) != 1 or inputs[0].type.ndim > 2:
            raise NotImplementedError("R_op of max is defined for one axis of a vector or matrix")
        place = self(inputs[0])[1]
        if inputs[0].type.ndim == 1:
            return [eval_points[0][place], None]
        from theon.ops.fill import arange

        rows = arange(shape_i(inputs[0], 1 - self.axis[0]))
        index = (place, rows) if self.axis[0] == 0 else (rows, place)
        return [eval_points[0][index], None]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The remaining sizes."""
        kept = tuple(n for d, n in enumerate(shapes[0]) if d not in self.axis)
        return [kept, kept]


def max_and_argmax(a: Any, axis: Any = None, keepdims: bool = False) -> list[Any]:
    """Return the maximum over ``axis`` and its position."""
    a = as_tensor_variable(a)
    axes = normal_axes(axis, a.type.ndim, a)
    if not axes:
        from theon.ops.fill import zeros_like

        return [a, zeros_like(a, dtype="int64")]
    best, place = MaxAndArgmax(axes)(a)
    if keepdims:
        best, place = makeKeepDims(a, best, axes), makeKeepDims(a, place, axes)
    return [best, place]


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the maximum over ``axis`` (all by default); NaN wins."""
    return max_and_argmax(x, axis, keepdims)[0]


def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the first position of the maximum over ``axis``; without one, in the flattened array."""
    return max_and_argmax(x, axis, keepdims)[1]


def _no_complex(name: str, x: Any) -> None:
    if x.type.dtype.startswith("complex"):
        raise NotImplementedError(message(f"{name}: complex numbers have no order", [x]))


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the minimum over ``axis`` (all by default); NaN wins."""
    x = as_tensor_variable(x)
    _no_complex("min", x)
    return max(x, axis, keepdims) if x.type.ndim == 0 else reduced(Min, x, axis, keepdims)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the first position of the minimum over ``axis``; without one, in the flattened array."""
    x = as_tensor_variable(x)
    _no_complex("argmin", x)
    if x.type.dtype == "bool":
        return argmax(eq(x, 0), axis, keepdims)
    # The complement reverses the order of all integers, where the negative of the smallest overflows.
    return argmax(~x if x.type.dtype in discrete_dtypes else -x, axis, keepdims)


def ptp(a: Any, axis: Any = None) -> Any:
    """Return the range, maximum - minimum, over ``axis``."""
    return max(a, axis) - min(a, axis)
