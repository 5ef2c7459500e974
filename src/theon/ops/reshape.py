"""The same elements under another shape, and promises about shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.cast import cast
from theon.ops.declare import TensorOp
from theon.ops.dims import dimshuffle, patternbroadcast
from theon.ops.shape import element_of_vector, is_size, shape, shape_i, vector_length
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "Reshape",
    "SpecifyShape",
    "flatten",
    "reshape",
    "specify_shape",
]


class Reshape(TensorOp):
    """Reshape to a vector of sizes, ``ndim`` of them; one may be -1."""

    __module__ = "theano.tensor.basic"
    __props__ = ("ndim",)
    view_map = {0: [0]}

    def __init__(self, ndim: int, name: str | None = None) -> None:
        self.ndim = int(ndim)
        if self.ndim < 0:
            raise ValueError("The output dimensions after reshape must be 0 or greater")
        self.name = name

    def __str__(self) -> str:
        return f"Reshape{{{self.ndim}}}"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """The shape must be an integer vector."""
        x, sizes = inputs
        sizes = as_tensor_variable(sizes, ndim=1)
        if sizes.type.dtype.startswith(("float", "complex")):
            if not (isinstance(sizes, Constant) and sizes.data.size == 0):
                raise TypeError(f"Shape must be integers, not {sizes.type.dtype}")
            sizes = constant(np.zeros(0, "int64"))
        return [as_tensor_variable(x), sizes]

    def infer(self, x: Any, sizes: Any) -> TensorType:
        """Known sizes are read off the shape's graph."""
        known = []
        for place in range(self.ndim):
            size = element_of_vector(sizes, place)
            known.append(size if size is not None and size >= 0 else None)
        return TensorType(x.type.dtype, shape=known)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Reshape. ValueError where the sizes do not fit."""
        x, sizes = inputs
        if len(sizes) != self.ndim:
            raise ValueError(
                f"shape argument to Reshape.perform has incorrect length {len(sizes)}, should be {self.ndim}", sizes
            )
        try:
            output_storage[0][0] = np.reshape(x, tuple(int(s) for s in sizes))
        except ValueError:
            raise ValueError(f"Cannot reshape input of shape {x.shape} to shape {sizes}") from None

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the elements matter."""
        return [[True], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Reshape back."""
        from theon.graph.disconnected import DisconnectedType

        x, _ = inputs
        back = reshape(output_grads[0], shape(x), ndim=x.type.ndim)
        return [patternbroadcast(back, x.type.broadcastable), DisconnectedType()()]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """Reshape the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes asked for; -1 is what remains."""
        sizes = node.inputs[1]
        known = [element_of_vector(sizes, d) for d in range(self.ndim)]
        if all(k is not None and k >= 0 for k in known):
            return [tuple(constant(k, dtype="int64") for k in known)]
        if sizes.owner is not None and type(sizes.owner.op).__name__ == "MakeVector":
            parts = sizes.owner.inputs
            if all(is_size(v) for v in parts):
                return [tuple(cast(v, "int64") for v in parts)]
        return [tuple(shape_i(node.outputs[0], d) for d in range(self.ndim))]


def reshape(x: Any, newshape: Any, ndim: int | None = None) -> Any:
    """Return ``x`` reshaped; ``ndim`` says how long a symbolic shape vector is. ValueError where that is unknown."""
    x = as_tensor_variable(x)
    if ndim is None:
        newshape = as_tensor_variable(newshape)
        if newshape.type.ndim == 0:
            newshape = dimshuffle(newshape, "x")
        if newshape.type.ndim != 1:
            raise TypeError("New shape in reshape must be a vector or a list/tuple of scalar.", f"Got {newshape}")
        ndim = vector_length(newshape)
        if ndim is None:
            raise ValueError(
                f"The length of the provided shape ({newshape}) cannot be automatically determined, so Theano is not able to know "
                "what the number of dimensions of the reshaped variable will be. You can provide the 'ndim' keyword argument "
                "to 'reshape' to avoid this problem."
            )
    return Reshape(ndim)(x, newshape)


def flatten(x: Any, ndim: int | None = None, outdim: int | None = None) -> Any:
    """Return ``x`` with ``ndim`` dimensions (1 by default): the first ones kept, the rest made one."""
    ndim = ndim if ndim is not None else (outdim if outdim is not None else 1)
    x = as_tensor_variable(x)
    if ndim < 1 or (ndim > 1 and ndim > x.type.ndim):
        raise ValueError(f"ndim {ndim} out of bound [1, {x.type.ndim + 1})")
    if ndim == x.type.ndim:
        return x
    sizes = [shape_i(x, d) for d in range(ndim - 1)] + [-1]
    from theon.ops.join import stack_sizes

    out = reshape(x, stack_sizes(sizes), ndim=ndim)
    flags = (*x.type.broadcastable[: ndim - 1], all(x.type.broadcastable[ndim - 1 :]))
    return patternbroadcast(out, flags) if any(flags) else out


class SpecifyShape(TensorOp):
    """Promise the shape of an array; AssertionError when it runs with another."""

    __module__ = "theano.compile.ops"
    __props__ = ()
    view_map = {0: [0]}

    def infer(self, x: Any, sizes: Any) -> TensorType:
        """Known sizes are read off the shape's graph. AssertionError where their number is not that of the dimensions."""
        count = vector_length(sizes) if sizes.type.ndim == 1 else None
        if sizes.type.ndim != 1 or (count is not None and count != x.type.ndim):
            raise AssertionError(f"SpecifyShape: {x.type.ndim} sizes are wanted in a vector, {sizes.type} was given")
        known = [element_of_vector(sizes, d) or x.type.shape[d] for d in range(x.type.ndim)]
        return TensorType(x.type.dtype, shape=known)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Check."""
        x, sizes = inputs
        if x.shape != tuple(int(s) for s in sizes):
            raise AssertionError(f"SpecifyShape: got shape {x.shape}, expected {tuple(int(s) for s in sizes)}")
        output_storage[0][0] = x

    connection_pattern = Reshape.connection_pattern

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient with the same promise."""
        from theon.graph.disconnected import DisconnectedType

        return [
            patternbroadcast(specify_shape(output_grads[0], inputs[1]), inputs[0].type.broadcastable),
            DisconnectedType()(),
        ]

    R_op = Reshape.R_op

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes of the input."""
        return [shapes[0]]


def specify_shape(x: Any, newshape: Any) -> Any:
    """Return ``x`` with a promised shape (a vector, or a list of ints)."""
    x = as_tensor_variable(x)
    return SpecifyShape()(x, as_tensor_variable(newshape))
