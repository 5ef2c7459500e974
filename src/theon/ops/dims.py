"""Shapes: asking for them, and changing them without changing elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.variable import Apply
from theon.ops.declare import TensorOp
from theon.tensor import hooks
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "DimShuffle",
    "Rebroadcast",
    "addbroadcast",
    "atleast_Nd",
    "dimshuffle",
    "moveaxis",
    "padded",
    "patternbroadcast",
    "shape_padaxis",
    "shape_padleft",
    "shape_padright",
    "squeeze",
    "swapaxes",
    "transpose",
    "unbroadcast",
]


class DimShuffle(TensorOp):
    """Permute, drop and add dimensions: ``new_order`` lists input dimensions and "x" for new ones of size 1."""

    __module__ = "theano.tensor.elemwise"
    __props__ = ("input_broadcastable", "new_order", "inplace")
    view_map = {0: [0]}

    def __init__(self, input_broadcastable: Sequence[bool], new_order: Sequence[Any], inplace: bool = True) -> None:
        self.input_broadcastable = tuple(bool(b) for b in input_broadcastable)
        order: list[Any] = []
        for d in new_order:
            if d == "x":
                order.append(d)
                continue
            if not isinstance(d, int | np.integer):
                raise TypeError(f"DimShuffle indices must be Python ints, not {d!r}")
            if not 0 <= d < len(self.input_broadcastable):
                raise ValueError(
                    f"new_order[{len(order)}] is {d}, but the input only has {len(self.input_broadcastable)} axes."
                )
            order.append(int(d))
        kept = [d for d in order if d != "x"]
        if len(set(kept)) != len(kept):
            raise ValueError("The same input dimension may not appear twice in the list of output dimensions", order)
        self.new_order, self.inplace = tuple(order), inplace
        self.shuffle = kept
        self.augment = [place for place, d in enumerate(order) if d == "x"]
        self.drop = [d for d in range(len(self.input_broadcastable)) if d not in kept]
        if any(not self.input_broadcastable[d] for d in self.drop):
            raise ValueError(
                "You cannot drop a non-broadcastable dimension.", (list(self.input_broadcastable), self.new_order)
            )

    def __str__(self) -> str:
        return f"InplaceDimShuffle{{{','.join(map(str, self.new_order))}}}"

    def infer(self, x: Any) -> TensorType:
        """The type with dimensions in the new order."""
        if x.type.ndim != len(self.input_broadcastable):
            raise TypeError(message(f"{self} takes {len(self.input_broadcastable)} dimensions, not {x.type.ndim}", [x]))
        for d in self.drop:
            if not x.type.broadcastable[d]:
                raise TypeError(message(f"{self}: dimension {d} is not known to be of size 1", [x]))
        return TensorType(x.type.dtype, shape=[1 if d == "x" else x.type.shape[d] for d in self.new_order])

    def reference(self, xp: Any, x: Any) -> Any:
        """Transpose and reshape."""
        kept = xp.transpose(x, (*self.shuffle, *self.drop))
        sizes = iter(kept.shape)
        return xp.reshape(kept, tuple(1 if d == "x" else next(sizes) for d in self.new_order))

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Shuffle back."""
        (x,), (g,) = inputs, output_grads
        order: list[Any] = ["x"] * x.type.ndim
        for place, d in enumerate(self.new_order):
            if d != "x":
                order[d] = place
        return [dimshuffle(g, order)]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """Shuffle the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Sizes in the new order."""
        return [tuple(constant(1, dtype="int64") if d == "x" else shapes[0][d] for d in self.new_order)]


def dimshuffle(x: Any, *pattern: Any) -> Any:
    """Return ``x`` with its dimensions reordered; "x" adds one of size 1, a left-out one must be broadcastable."""
    x = as_tensor_variable(x)
    if len(pattern) == 1 and isinstance(pattern[0], list | tuple):
        pattern = tuple(pattern[0])
    if pattern == tuple(range(x.type.ndim)):
        return x
    # A new axis at the end of a dropped one is what m[None] means; only real drops need a broadcastable dimension.
    return DimShuffle(x.type.broadcastable, pattern)(x)


def padded(x: Any, ndim: int) -> Any:
    """Return ``x`` with dimensions of size 1 added on the left up to ``ndim``."""
    missing = ndim - x.type.ndim
    return x if missing <= 0 else dimshuffle(x, ["x"] * missing + list(range(x.type.ndim)))


def _to_rank(x: Any, ndim: int) -> Any:
    if x.type.ndim > ndim:
        extra = x.type.ndim - ndim
        if not all(x.type.broadcastable[:extra]):
            raise ValueError(f"TensorType could not be cast to have {ndim} dimensions", x.type)
        return dimshuffle(x, list(range(extra, x.type.ndim)))
    return padded(x, ndim)


hooks.pad = _to_rank


class Rebroadcast(TensorOp):
    """Change what is known of dimensions: ``axis`` holds pairs (dimension, broadcastable). Checked when it runs."""

    __module__ = "theano.compile.ops"
    __props__ = ("axes",)
    view_map = {0: [0]}

    def __init__(self, *axis: tuple[int, bool]) -> None:
        self.axis = {int(d): bool(flag) for d, flag in sorted(axis)}
        self.axes = tuple(self.axis.items())

    def __str__(self) -> str:
        return f"Rebroadcast{{{','.join(f'({d}, {flag})' for d, flag in self.axes)}}}"

    def infer(self, x: Any) -> TensorType:
        """The type with the pattern changed."""
        if self.axis and max(self.axis) >= x.type.ndim:
            raise ValueError("Trying to rebroadcast non-existent dimension")
        sizes = [
            (1 if self.axis[d] else (None if n == 1 else n)) if d in self.axis else n
            for d, n in enumerate(x.type.shape)
        ]
        return TensorType(x.type.dtype, shape=sizes)

    def reference(self, xp: Any, x: Any) -> Any:
        """Check the sizes."""
        for d, flag in self.axes:
            if flag and x.shape[d] != 1:
                raise ValueError(
                    f"Dimension {d} in Rebroadcast's input was supposed to be 1 (got {x.shape[d]} instead)"
                )
        return x

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient with the input's pattern."""
        return [patternbroadcast(output_grads[0], inputs[0].type.broadcastable)]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The same of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Sizes do not change."""
        return [tuple(constant(1, dtype="int64") if self.axis.get(d) else n for d, n in enumerate(shapes[0]))]


def patternbroadcast(x: Any, broadcastable: Sequence[bool]) -> Any:
    """Return ``x`` with this broadcast pattern; where it promises size 1, that is checked when the function runs."""
    x = as_tensor_variable(x)
    changes = [(d, bool(flag)) for d, flag in enumerate(broadcastable) if flag != x.type.broadcastable[d]]
    return Rebroadcast(*changes)(x) if changes else x


hooks.rebroadcast = patternbroadcast


def addbroadcast(x: Any, *axes: int) -> Any:
    """Return ``x`` with these dimensions taken as broadcastable."""
    return _changed(x, axes, True)


def unbroadcast(x: Any, *axes: int) -> Any:
    """Return ``x`` with these dimensions taken as not broadcastable."""
    return _changed(x, axes, False)


def _changed(x: Any, axes: Sequence[int], flag: bool) -> Any:
    x = as_tensor_variable(x)
    if axes and max(axes) >= x.type.ndim:
        raise ValueError("Trying to broadcast non-existent dimension")
    return patternbroadcast(x, [flag if d in axes else old for d, old in enumerate(x.type.broadcastable)])


def transpose(x: Any, axes: Any = None) -> Any:
    """Return ``x`` with its dimensions in the order ``axes``, reversed by default."""
    x = as_tensor_variable(x)
    order = list(range(x.type.ndim - 1, -1, -1)) if axes is None else [int(a) % max(x.type.ndim, 1) for a in axes]
    # A vector too gets a node of its own, which has a name of its own.
    out = DimShuffle(x.type.broadcastable, order)(x) if x.type.ndim == 1 else dimshuffle(x, order)
    if x.name and x.type.ndim and axes is None:
        out.name = x.name + ".T"
    return out


def swapaxes(y: Any, axis1: int, axis2: int) -> Any:
    """Return ``y`` with two dimensions exchanged."""
    y = as_tensor_variable(y)
    order = list(range(y.type.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return dimshuffle(y, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Return ``x`` with the dimensions ``source`` moved to ``destination``."""
    x = as_tensor_variable(x)
    sources = [s % x.type.ndim for s in np.atleast_1d(source)]
    destinations = [d % x.type.ndim for d in np.atleast_1d(destination)]
    order = [d for d in range(x.type.ndim) if d not in sources]
    for d, s in sorted(zip(destinations, sources)):
        order.insert(d, s)
    return dimshuffle(x, [int(d) for d in order])


def shape_padleft(t: Any, n_ones: int = 1) -> Any:
    """Return ``t`` with ``n_ones`` dimensions of size 1 added on the left."""
    t = as_tensor_variable(t)
    return dimshuffle(t, ["x"] * n_ones + list(range(t.type.ndim)))


def shape_padright(t: Any, n_ones: int = 1) -> Any:
    """Return ``t`` with ``n_ones`` dimensions of size 1 added on the right."""
    t = as_tensor_variable(t)
    return dimshuffle(t, list(range(t.type.ndim)) + ["x"] * n_ones)


def shape_padaxis(t: Any, axis: int) -> Any:
    """Return ``t`` with a dimension of size 1 added before ``axis``. IndexError if there is no such place."""
    t = as_tensor_variable(t)
    ndim = t.type.ndim + 1
    if not -ndim <= axis < ndim:
        raise IndexError(f"axis {axis} is out of bounds [-{ndim}, {ndim})")
    order: list[Any] = list(range(t.type.ndim))
    order.insert(axis % ndim, "x")
    return dimshuffle(t, order)


def atleast_Nd(x: Any, n: int = 1, left: bool = True) -> Any:
    """Return ``x`` with dimensions of size 1 added until there are ``n``."""
    x = as_tensor_variable(x)
    missing = n - x.type.ndim
    return x if missing <= 0 else (shape_padleft if left else shape_padright)(x, missing)


def squeeze(x: Any, axis: Any = None) -> Any:
    """Return ``x`` without its broadcastable dimensions, or without ``axis``."""
    x = as_tensor_variable(x)
    if axis is None:
        drop = {d for d, flag in enumerate(x.type.broadcastable) if flag}
    else:
        drop = {int(d) % x.type.ndim for d in np.atleast_1d(axis)}
        x = patternbroadcast(x, [flag or d in drop for d, flag in enumerate(x.type.broadcastable)])
    return dimshuffle(x, [d for d in range(x.type.ndim) if d not in drop])
