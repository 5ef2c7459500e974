"""Ops of Theano that its functions no longer made, or made for one purpose; old programs construct or ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import complex_dtypes, discrete_dtypes
from theon.errors import message
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.ops.arith import add, identity
from theon.ops.expressed import Expressed
from theon.ops.extremes import argmax
from theon.ops.fill import tri
from theon.ops.join import Join, tile
from theon.ops.reduce import CAReduce, normal_axes
from theon.ops.reshape import flatten
from theon.ops.sort import CumOp, diff
from theon.ops.statistics import mean
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "Argmax",
    "CpuContiguous",
    "CumprodOp",
    "CumsumOp",
    "Default",
    "DiffOp",
    "Flatten",
    "Fourier",
    "Mean",
    "Tile",
    "Tri",
    "default",
    "fft",
]


class Argmax(Expressed):
    """The first position of the maximum over ``axis``, a sequence of dimensions; None: of the flattened array."""

    __module__ = "theano.tensor.basic"
    __props__ = ("axis",)

    def __init__(self, axis: Any) -> None:
        self.axis = None if axis is None else tuple(int(a) for a in np.atleast_1d(axis))

    def expression(self, x: Any, axis: Any = None) -> Any:
        """Ask :func:`argmax`."""
        return argmax(x, self.axis if axis is None else axis)

    def reference(self, xp: Any, x: Any) -> Any:
        """Reduce; ValueError for nothing to choose from."""
        axes = normal_axes(self.axis, x.ndim)
        kept = [d for d in range(x.ndim) if d not in axes]
        moved = xp.transpose(x, (*kept, *axes))
        return xp.argmax(moved.reshape((*moved.shape[: len(kept)], -1)), axis=-1)


class Mean(CAReduce):
    """Mean over ``axis``."""

    __module__ = "theano.tensor.basic"
    __props__ = ("scalar_op", "axis")

    def __init__(self, axis: Any = None) -> None:
        super().__init__(add.scalar_op, axis)

    def __str__(self) -> str:
        return "Mean" if self.axis is None else f"Mean{{{', '.join(map(str, self.axis))}}}"

    def output_dtype(self, dtype: str) -> str:
        """float64 for integers."""
        return "float64" if dtype in discrete_dtypes else dtype

    def expanded(self, inputs: Sequence[Any]) -> list[Any]:
        """What it means."""
        return [mean(inputs[0], self.axis)]

    def reference(self, xp: Any, x: Any) -> Any:
        """Ask NumPy."""
        return xp.mean(x, axis=normal_axes(self.axis, x.ndim))

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The gradient of the mean."""
        from theon.autodiff.reverse import Lop

        return [Lop(mean(inputs[0], self.axis), inputs[0], output_grads[0])]


class Flatten(Expressed):
    """An array as one of ``outdim`` dimensions, the last of which holds all further ones."""

    __module__ = "theano.tensor.basic"
    __props__ = ("outdim",)

    def __init__(self, outdim: int = 1) -> None:
        self.outdim = int(outdim)

    def __str__(self) -> str:
        return f"Flatten{{{self.outdim}}}"

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the input as a variable. ValueError where it has fewer dimensions than asked for."""
        x = as_tensor_variable(inputs[0])
        if self.outdim < 1 or (x.type.ndim and self.outdim > x.type.ndim):
            raise ValueError(f"invalid output ndimensions ({self.outdim}) for tensor of rank {x.type.ndim}")
        return [x]

    def expression(self, x: Any) -> Any:
        """Ask :func:`flatten`."""
        return identity(x) if x.type.ndim == self.outdim else flatten(x, self.outdim)

    def reference(self, xp: Any, x: Any) -> Any:
        """Reshape."""
        rest = int(np.prod(x.shape[self.outdim - 1 :]))
        return xp.reshape(x, (*x.shape[: self.outdim - 1], rest)).copy()


class Tile(Expressed):
    """An array repeated ``reps`` times, a vector of ``ndim`` numbers."""

    __module__ = "theano.tensor.basic"
    __props__ = ("ndim",)

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim

    def expression(self, x: Any, reps: Any) -> Any:
        """Ask :func:`tile`."""
        return tile(x, reps, self.ndim)

    def reference(self, xp: Any, x: Any, reps: Any) -> Any:
        """Ask NumPy."""
        return xp.tile(x, tuple(int(r) for r in reps))


class Tri(Expressed):
    """A matrix of ones at and below diagonal k and zeros above; called with rows, columns and k."""

    __module__ = "theano.tensor.basic"
    __props__ = ("dtype",)

    def __init__(self, dtype: str | None = None) -> None:
        from theon.options import config

        self.dtype = config.floatX if dtype is None else dtype

    def expression(self, N: Any, M: Any, k: Any) -> Any:
        """Ask :func:`tri`."""
        return tri(N, M, k, dtype=self.dtype)

    def reference(self, xp: Any, N: Any, M: Any, k: Any) -> Any:
        """Ask NumPy."""
        return xp.tri(int(N), int(M), int(k), dtype=self.dtype)


class DiffOp(Expressed):
    """Differences of neighbours along ``axis``, taken ``n`` times."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("n", "axis")

    def __init__(self, n: int = 1, axis: int = -1) -> None:
        self.n, self.axis = n, axis

    def expression(self, x: Any) -> Any:
        """Ask :func:`diff`."""
        return diff(x, self.n, self.axis)

    def reference(self, xp: Any, x: Any) -> Any:
        """Ask NumPy."""
        return xp.diff(x, self.n, self.axis)


class CumsumOp(Op):
    """Makes the op of cumulative sums."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("axis",)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return ``CumOp`` of sums along ``axis``."""
        return CumOp(args[0] if args else kwargs.get("axis"), "add")


class CumprodOp(Op):
    """Makes the op of cumulative products."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("axis",)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return ``CumOp`` of products along ``axis``."""
        return CumOp(args[0] if args else kwargs.get("axis"), "mul")


class CpuContiguous(Op):
    """The array in C order: itself where it is, else a copy."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ()
    view_map = {0: [0]}

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        x = as_tensor_variable(inputs[0])
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Copy if need be."""
        output_storage[0][0] = np.ascontiguousarray(inputs[0]) if inputs[0].ndim else inputs[0]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient, in C order too."""
        return [cpu_contiguous(output_grads[0])]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The evaluation point."""
        return [eval_points[0]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's."""
        return [shapes[0]]


class Default(Op):
    """The first input, or the second where the first is None when the function runs."""

    __module__ = "theano.tensor.basic"
    __props__ = ()
    view_map = {0: [0]}

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. TypeError for types that differ."""
        x, other = (as_tensor_variable(v) for v in inputs)
        if x.type != other.type:
            raise TypeError("Both default() arguments must have same type", x, other)
        return Apply(self, [x, other], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Choose."""
        output_storage[0][0] = inputs[1].copy() if inputs[0] is None else inputs[0]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """To the first: the second only stands in for no value at all."""
        from theon.ops.declare import zeros_for

        return [output_grads[0], zeros_for(inputs[1])]


class Fourier(Op):
    """The discrete Fourier transform of an array along ``axis``, cut or padded with zeros to ``n``; called with a, n, axis.

    Output k is the sum of a[m] exp(-2 pi i m k / n), complex128. n and axis default to the size and the index of the last
    dimension. TypeError where they are not positive integers known in advance or numbers.
    """

    __module__ = "theano.tensor.fourier"
    __props__ = ()

    def make_node(self, a: Any, n: Any = None, axis: Any = None) -> Apply:
        """Return the node."""
        a = as_tensor_variable(a)
        if a.type.ndim < 1:
            raise TypeError(message(f"{self}: input must be an array, not a scalar", [a]))
        axis = as_tensor_variable(a.type.ndim - 1 if axis is None else axis)
        if axis.type.dtype not in discrete_dtypes or axis.type.ndim:
            raise TypeError(f"{self}: index of the transformed axis must be a scalar integer")
        n = a.shape[axis] if n is None else as_tensor_variable(n)
        if n.type.dtype not in discrete_dtypes or n.type.ndim:
            raise TypeError(f"{self}: length of the transformed axis must be a strictly positive scalar")
        return Apply(self, [a, n, axis], [TensorType("complex128", (False,) * a.type.ndim)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Ask NumPy."""
        a, n, axis = inputs
        output_storage[0][0] = np.fft.fft(a, n=int(n), axis=int(axis)).astype("complex128")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        return [[True], [False], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The transform of the gradient with the other sign, cut or padded to the input's size."""
        from theon.graph.disconnected import DisconnectedType

        a, n, axis = inputs
        return [FourierGrad()(a, output_grads[0], n, axis), DisconnectedType()(), DisconnectedType()()]


class FourierGrad(Op):
    """The gradient of :class:`Fourier`: of a, the output's gradient, n, axis."""

    __module__ = "theano.tensor.fourier"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        a = inputs[0]
        dtype = a.type.dtype if a.type.dtype not in discrete_dtypes else "float64"
        return Apply(self, list(inputs), [TensorType(dtype, a.type.broadcastable)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Ask NumPy."""
        a, g, n, axis = inputs
        n, axis = int(n), int(axis)
        back = np.fft.ifft(g, axis=axis) * n
        size = a.shape[axis]
        kept = [slice(None)] * a.ndim
        kept[axis] = slice(0, min(n, size))
        out = np.zeros(a.shape, dtype="complex128")
        out[tuple(kept)] = back[tuple(kept)]
        dtype = node.outputs[0].type.numpy_dtype  # type: ignore[attr-defined]
        output_storage[0][0] = (out if str(dtype) in complex_dtypes else out.real).astype(dtype)


fft = Fourier()
cpu_contiguous = CpuContiguous()
default = setdefault = Default()
join_ = Join()
